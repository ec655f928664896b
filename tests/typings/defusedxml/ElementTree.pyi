class ParseError(SyntaxError):
    code: int

def fromstring(
    text: bytes,
    forbid_dtd: bool = ...,
    forbid_entities: bool = ...,
    forbid_external: bool = ...,
) -> object: ...
