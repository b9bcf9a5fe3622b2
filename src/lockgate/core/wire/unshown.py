"""What holds content while it is read: a value of these kinds shows nothing of it when it is printed, in a traceback or elsewhere."""

import msgspec


class Unshown(msgspec.Struct, gc=False):
    """Base of the structures that bodies and frames are decoded to."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__.strip('_')}>"
