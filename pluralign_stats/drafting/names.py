"""What the names of columns say: the words of English and German tables, platforms and studies."""

from pluralign_stats.study.inference import words_of_name

#: Words that add nothing to what a column identifies.
_ID = {
    "id", "ids", "nr", "no", "number", "code", "key", "pid", "hash", "uid", "uuid", "name",
    "nummer", "kennung", "idx", "index",
}  # fmt: skip
_RATER = {
    "rater", "raters", "annotator", "worker", "user", "participant", "participants", "subject",
    "respondent", "judge", "consumer", "person", "people", "evaluator", "coder", "reviewer",
    "prolific", "mturk", "assessor", "labeler", "labeller", "crowdworker", "who", "resp", "rid",
    "workerid", "userid", "raterid", "annotatorid", "participantid", "responseid", "respondentid",
    "subjectid", "prolificid", "teilnehmer", "teilnehmerin", "teilnehmende", "proband", "probandin",
    "versuchsperson", "vp", "bewerter", "bewerterin", "nutzer", "befragter", "befragte", "panelist",
}  # fmt: skip
_ITEM = {
    "item", "items", "response", "reply", "answer", "comment", "product", "prod", "prodid",
    "bottle", "utterance", "message", "post", "tweet", "stimulus", "doc", "document", "sentence",
    "completion", "output", "sample", "itemid", "responseid", "replyid", "textid", "antwort",
    "produkt", "satz", "reiz", "aussage", "kommentar", "text", "image", "video", "example",
    "instance", "pair",
}  # fmt: skip
_PROMPT = {
    "prompt", "question", "context", "query", "dilemma", "scenario", "situation", "instruction",
    "conversation", "dialogue", "dialog", "frage", "interaction", "vignette", "szenario",
    "promptid",     "questionid", "conversationid", "post", "kontext", "anfrage",
}  # fmt: skip
_DIMENSION = {
    "dimension", "question", "criterion", "criteria", "attribute", "about", "aspect", "kriterium",
    "variable", "measure", "frage", "scale", "metric", "trait", "quality", "merkmal",
}  # fmt: skip
_RATING = {
    "rating", "ratings", "score", "value", "answer", "bewertung", "urteil", "label", "annotation",
    "judgment", "judgement", "wert", "y", "grade", "likert", "vote", "punkte", "note",
}  # fmt: skip
_CHECK = {
    "attention", "attn", "comprehension", "check", "trap", "imc", "gold", "aufmerksamkeit", "bot",
    "kontrollfrage", "attention1", "attention2", "attention3",
}  # fmt: skip
_DURATION = {
    "duration", "seconds", "sec", "secs", "ms", "milliseconds", "time", "dauer", "zeit", "rt",
    "elapsed", "minutes",
}  # fmt: skip
_DATE = {
    "date", "startdate", "enddate", "recordeddate", "timestamp", "datum", "datetime", "started",
    "completed", "submitted", "created",
}  # fmt: skip
_LANGUAGE = {"language", "lang", "sprache", "userlanguage", "locale"}
_POSITION = {
    "order", "position", "trial", "turn", "page", "row", "rank", "block", "index", "reihenfolge",
    "step", "round", "day", "wave", "session", "sitting", "tag",
}  # fmt: skip
_CONDITION = {"treatment", "condition", "arm", "experiment", "bedingung", "gruppe"}
#: Columns of platforms that describe the session rather than the person or the response.
_PLATFORM = {
    "ipaddress", "progress", "finished", "recipientlastname", "recipientfirstname",
    "recipientemail", "externalreference", "externaldatareference", "locationlatitude",
    "locationlongitude", "distributionchannel", "status", "latitude", "longitude", "sessionid",
    "studyid", "study", "submission", "split", "email",
}  # fmt: skip
_PEOPLE = {
    "age", "gender", "sex", "education", "ethnicity", "race", "country", "nationality", "income",
    "politics", "political", "ideology", "party", "religion", "religiosity", "occupation", "job",
    "employment", "student", "marital", "region", "residence", "birth", "ses", "alter",
    "geschlecht", "bildung", "land", "einkommen", "beruf", "religiosität", "agegroup",
    "familystatus",
}  # fmt: skip
#: What others made of the ratings.
_DERIVED = {"soft", "majority", "mean", "aggregated", "consensus", "annotators", "annotations"}


def identifies(name: str) -> set[str]:
    """Of what a column's name says that it identifies it: rater, item, prompt."""
    words = set(words_of_name(name))
    words |= {"".join(words_of_name(name))}
    found = set()
    for kind, known in (("rater", _RATER), ("item", _ITEM), ("prompt", _PROMPT)):
        if words & known and not set(words_of_name(name)) - known - _ID - {"".join(words)}:
            found.add(kind)
    if words & {"responseid"}:  # Qualtrics calls so a person's answers to the questionnaire
        found = {"rater"} if name == "ResponseId" else {"item"}
    return found


def mentions(name: str, kind: str) -> bool:
    """Whether the words of a name hold one for a prompt, or for a response."""
    return bool(set(words_of_name(name)) & (_PROMPT if kind == "prompt" else _ITEM))


def text_part(name: str) -> str:
    """Whether texts are of prompts or of responses, by their column's name."""
    asked = mentions(name, "prompt") and not mentions(name, "item")
    return "prompt text" if asked else "response text"


def about_people(name: str) -> bool:
    """Whether a column's name is one of what surveys ask of people."""
    return bool(set(words_of_name(name)) & _PEOPLE)


def is_key(name: str) -> bool:
    """Whether a name says no more than that the column holds names."""
    return not set(words_of_name(name)) - _ID


def says(name: str) -> str | None:
    """What a column's name says that it holds, besides what it identifies."""
    words = words_of_name(name)
    together = "".join(words)
    kinds = (
        ("attention check", _CHECK),
        ("platform", _PLATFORM),
        ("derived", _DERIVED),
        ("date", _DATE),
        ("duration", _DURATION),
        ("language", _LANGUAGE),
        ("condition", _CONDITION),
    )
    for kind, known in kinds:
        # Names of platforms are meant whole: "Status" is theirs, "Employment status" is not.
        if known & ({together} if kind == "platform" else {*words, together}):
            return kind
    return "position" if set(words) & _POSITION and not set(words) - _POSITION - _ID else None


def is_dimension(name: str) -> bool:
    """Whether a name says that the column tells which dimension was rated."""
    return bool(set(words_of_name(name)) & _DIMENSION)


def is_rating(name: str) -> bool:
    """Whether a name says no more than that the column holds ratings."""
    return not set(words_of_name(name)) - _RATING


def has_key(name: str) -> bool:
    """Whether a name says that the column holds names of something."""
    return bool(set(words_of_name(name)) & _ID)
