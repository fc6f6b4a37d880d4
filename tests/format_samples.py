"""A small file of each format: the name of the format and the content."""

from typing import Any

from hf_cfgen.data.formats.base import Format, find_format


def reader(name: str, **options: Any) -> Format[Any]:
    """A format with options. The two exports of Label Studio are one format."""
    format = find_format(name.removesuffix("_min"))
    assert format is not None
    return format.with_options(options)


SAMPLES: dict[str, str] = {}

SAMPLES["label_studio"] = """\
[
  {"id": 11, "data": {"text": "Mira flew to Oslo."}, "annotations": [{"id": 1, "was_cancelled": false, "result": [
    {"id": "a", "from_name": "ner", "to_name": "doc", "type": "labels",
     "value": {"start": 0, "end": 4, "text": "Mira", "labels": ["PER"]}},
    {"id": "b", "from_name": "ner", "to_name": "doc", "type": "labels",
     "value": {"start": 13, "end": 17, "text": "Oslo", "labels": ["LOC"]}}
  ]}]},
  {"id": 12, "data": {"text": "Tomas stayed."}, "annotations": [{"id": 2, "was_cancelled": false, "result": [
    {"id": "c", "from_name": "ner", "to_name": "doc", "type": "labels",
     "value": {"start": 0, "end": 5, "text": "Tomas", "labels": ["PER"]}}
  ]}]},
  {"id": 13, "data": {"text": "Nobody called."}, "annotations": [{"id": 3, "was_cancelled": false, "result": []}]}
]
"""

SAMPLES["label_studio_min"] = """\
[
  {"text": "The Alder Clinic hired Noor.", "id": 4, "annotator": 1, "annotation_id": 9, "lead_time": 3.5,
   "created_at": "2024-01-02T03:04:05Z", "label": [
    {"start": 4, "end": 16, "text": "Alder Clinic", "labels": ["ORG"]},
    {"start": 23, "end": 27, "text": "Noor", "labels": ["PER"]}
  ]},
  {"text": "Noor left Birch Labs.", "id": 5, "annotator": 1, "annotation_id": 10, "lead_time": 2.5,
   "created_at": "2024-01-02T03:05:05Z", "label": [
    {"start": 10, "end": 20, "text": "Birch Labs", "labels": ["ORG"]}
  ]},
  {"text": "It rained.", "id": 6, "annotator": 1, "annotation_id": 11, "lead_time": 1.5,
   "created_at": "2024-01-02T03:06:05Z"}
]
"""

SAMPLES["doccano"] = """\
{"id": 21, "text": "李雷去了杭州。", "label": [[0, 2, "人名"], [4, 6, "地名"]]}
{"id": 22, "text": "韩梅梅留在家。", "label": [[0, 3, "人名"]]}
{"id": 23, "text": "今天下雨。", "label": []}
"""

SAMPLES["spacy"] = """\
{"text": "Anna met Bao in Lima.", "entities": [[0, 4, "PER"], [9, 12, "PER"], [16, 20, "LOC"]]}
{"text": "Bao left.", "entities": [[0, 3, "PER"]]}
{"text": "It was late.", "entities": []}
"""

SAMPLES["conll"] = """\
Ines\tB-PER
Moor\tI-PER
lives\tO
in\tO
Tromsø\tB-LOC
.\tO

Pavel\tB-PER
moved\tO
to\tO
San\tB-LOC
Remo\tI-LOC
.\tO

Did\tO
Ines\tB-PER
Moor\tI-PER
call\tO
?\tO

#snow\tO
in\tO
Tromsø\tB-LOC

Nothing\tO
happened\tO
.\tO
"""

SAMPLES["cluener"] = """\
{"text": "顾晓在青禾科技上班。", "label": {"name": {"顾晓": [[0, 1]]}, "company": {"青禾科技": [[3, 6]]}}}
{"text": "白帆离开了远山银行。", "label": {"name": {"白帆": [[0, 1]]}, "company": {"远山银行": [[5, 8]]}}}
{"text": "顾晓问：顾晓是谁？", "label": {"name": {"顾晓": [[0, 1], [4, 5]]}}}
{"text": "青禾科技", "label": {"company": {"青禾科技": [[0, 3]]}}}
{"text": "昨天下雪。", "label": {}}
"""

SAMPLES["ccks"] = """\
{"originalText": "患者口服青红片后头晕。", "entities": [{"label_type": "药物", "start_pos": 4, "end_pos": 7}]}
{"originalText": "改用白术丸。", "entities": [{"label_type": "药物", "overlap": 0, "start_pos": 2, "end_pos": 5}]}
{"originalText": "诊断：胃炎", "entities": [{"label_type": "疾病和诊断", "overlap": 0, "start_pos": 3, "end_pos": 5}]}
{"originalText": "肺炎已愈。", "entities": [{"label_type": "疾病和诊断", "overlap": 0, "start_pos": 0, "end_pos": 2}]}
{"originalText": "一般情况可。", "entities": []}
"""

SAMPLES["json"] = """\
{"id": 1, "tokens": ["Lotte", "met", "Amir", "."], "ner_tags": ["B-PER", "O", "B-PER", "O"], "source": "diary"}
{"id": 2, "tokens": ["Amir", "Said", "paid", "."], "ner_tags": ["B-PER", "I-PER", "O", "O"], "source": "diary"}
{"id": 3, "tokens": ["In", "Fez", "it", "rained", "."], "ner_tags": ["O", "B-LOC", "O", "O", "O"], "source": "letter"}
{"id": 4, "tokens": ["She", "flew", "to", "Porto", "Velho"], "ner_tags": ["O", "O", "O", "B-LOC", "I-LOC"]}
{"id": 5, "tokens": ["Fine", "."], "ner_tags": ["O", "O"], "source": "letter"}
"""

SAMPLES["csv"] = """\
id,tokens,ner_tags
1,"[""Rosa"", ""left"", "".""]","[""B-PER"", ""O"", ""O""]"
2,"[""Juno"", ""Hart"", ""stayed"", "".""]","[""B-PER"", ""I-PER"", ""O"", ""O""]"
3,"[""Cork"", "","", ""then"", ""Lima""]","[""B-LOC"", ""O"", ""O"", ""B-LOC""]"
4,"[""Did"", ""Rosa"", ""call"", ""?""]","[""O"", ""B-PER"", ""O"", ""O""]"
5,"[""No"", "".""]","[""O"", ""O""]"
"""

# the files of a brat document
BRAT = {
    "notes.txt": """\
Vera joined Birch Bank in May.

Omar Diaz, of Alder Ltd, wrote to Vera.
It was late.
They met at Alder Ltd
Who is Omar Diaz?
""",
    "notes.ann": """\
T1\tPER 0 4\tVera
T2\tORG 12 22\tBirch Bank
R1\tWorks_For Arg1:T1 Arg2:T2
T3\tPER 32 41\tOmar Diaz
T4\tORG 46 55\tAlder Ltd
#1\tAnnotatorNotes T4\tor a shop?
T5\tPER 66 70\tVera
T6\tORG 97 106\tAlder Ltd
T7\tPER 114 123\tOmar Diaz
""",
}
