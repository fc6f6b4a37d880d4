"""File formats: one module per format, a subclass of `Format` in each, and the detection of the format of a file."""

from .base import Format, register_format
from .brat import Brat
from .ccks import Ccks
from .cluener import Cluener
from .conll import Conll
from .doccano import Doccano
from .json_rows import JsonRows
from .label_studio import LabelStudio
from .records import BadRecord, TextRecord, WordRecord
from .spacy import Spacy

for _format in (Brat(), Ccks(), Cluener(), Conll(), Doccano(), JsonRows(), LabelStudio(), Spacy()):
    register_format(_format)

__all__ = ["BadRecord", "Format", "TextRecord", "WordRecord", "register_format"]
