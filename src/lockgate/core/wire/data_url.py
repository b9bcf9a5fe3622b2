"""Data URLs (RFC 2397): how OpenAI's words carry files that others carry as a media type and base64 text."""


def split_data_url(url: str) -> tuple[str, str] | None:
    """Media type and base64 text; None when it is no base64 data URL with a media type."""
    head, comma, data = url.partition(",")
    kind, _, encoding = head.removeprefix("data:").rpartition(";")
    media_type = kind.partition(";")[0]
    if not comma or encoding.strip().lower() != "base64" or "/" not in media_type:
        return None
    return media_type, data


def join_data_url(media_type: str, data: str) -> str:
    return f"data:{media_type};base64,{data}"
