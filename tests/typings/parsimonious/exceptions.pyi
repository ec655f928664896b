class ParseError(Exception):
    text: str
    pos: int
