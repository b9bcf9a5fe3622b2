"""The principal: who a request runs as, once its caller key is known."""

import msgspec


class Principal(msgspec.Struct, frozen=True, omit_defaults=True):
    """Ids and labels of a caller key; never the key or its hash."""

    api_key_id: str
    api_key_name: str = ""
    team_id: str = ""
    user_id: str = ""
    user_name: str = ""
