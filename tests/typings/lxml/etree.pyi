"""The part of lxml that Loopscope names."""

from collections.abc import Iterator, Mapping

class XMLSyntaxError(SyntaxError): ...

class XMLParser:
    def __init__(
        self,
        *,
        recover: bool = ...,
        resolve_entities: bool = ...,
        no_network: bool = ...,
        load_dtd: bool = ...,
        huge_tree: bool = ...,
        remove_comments: bool = ...,
        remove_pis: bool = ...,
    ) -> None: ...

class _Element:
    tag: str
    text: str | None
    tail: str | None
    attrib: Mapping[str, str]
    nsmap: Mapping[str | None, str]
    sourceline: int | None
    def get(self, key: str, default: str = ...) -> str: ...
    def find(self, path: str, namespaces: Mapping[str, str] | None = ...) -> _Element | None: ...
    def findall(self, path: str, namespaces: Mapping[str, str] | None = ...) -> list[_Element]: ...
    def iter(self, *tags: str) -> Iterator[_Element]: ...
    def getparent(self) -> _Element | None: ...
    def remove(self, element: _Element) -> None: ...
    def __iter__(self) -> Iterator[_Element]: ...

class QName:
    localname: str
    namespace: str | None
    def __init__(self, text: str | _Element) -> None: ...

def fromstring(text: bytes, parser: XMLParser | None = ...) -> _Element: ...
def tostring(element: _Element) -> bytes: ...
