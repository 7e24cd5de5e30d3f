"""What `rules check` finds beyond what makes a file unusable: rules that work against each other.

Terms are whole phrases at word boundaries, compared without case. Pure: no file is read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from iterativectl.config.check import in_order
from iterativectl.config.phrases import contains
from iterativectl.config.prompts import template_faults
from iterativectl.config.types import AIGen, Criterion, PromptTemplates, Question, Rules
from iterativectl.config.wording import did_you_mean
from iterativectl.config.yaml_source import Document
from iterativectl.errors import Problem

# Words that say nothing about what a question is about.
_COMMON = frozenset(
    re.findall(
        "[a-z]+",
        """about also any are been being both but can could did does each else ever for from had has have
        her his how image into its just like look looks made more most much not one only other original
        our out over photo picture same see seem seems shot should show shown shows some still such
        than that the their them then there these they this those too under very visible was were what
        when where which while who whom whose why will with would yes you your""",
    )
)
_WORD = re.compile(r"[^\W_]+")
_SHORTEST_WORD = 3  # "tie" and "sky" matter
_STEM = 4  # letters compared: "clothing" meets "clothes". Taking a used question for unused would be worse.


def lint(
    rules: Rules,
    prompts: PromptTemplates | None = None,
    aigen: AIGen | None = None,
    document: Document | None = None,
) -> Sequence[Problem]:
    """Every finding about the rules; with `document` (of rules.yaml) each carries its line.

    A question counts as used when it shares a word with a criterion: its field, its question or its terms.
    All answers are shown to the judge of the criteria, so an answer about something else only distracts it.
    Words of fewer than three letters and common ones do not count, and word endings are left aside.
    """
    source = document or Document("rules.yaml", None)
    findings = [
        *_duplicate_fields(source, rules),
        *_unasked(source, rules),
        *_own_terms(source, rules),
        *_conflicts(source, rules),
        *_intents(source, rules),
        *_unused_questions(source, rules),
        *_masks(source, rules, aigen),
        *_start_prompts(source, rules, aigen),
    ]
    return (*in_order(source, findings), *_prompts(prompts))


def _duplicate_fields(source: Document, rules: Rules) -> Iterator[Problem]:
    for block, entries in (
        ("acceptance_criteria", [criterion.field for criterion in rules.acceptance_criteria]),
        ("questions", [question.field for question in rules.questions]),
    ):
        for index, name in enumerate(entries):
            if name in entries[:index]:
                yield source.problem((block, index, "field"), f"'{name}' is used twice")


def _unasked(source: Document, rules: Rules) -> Iterator[Problem]:
    for index, criterion in enumerate(rules.acceptance_criteria):
        if criterion.measure is None and not criterion.question.strip():
            yield source.problem(
                ("acceptance_criteria", index), "the criterion has no question: nobody can decide it"
            )


def _own_terms(source: Document, rules: Rules) -> Iterator[Problem]:
    """A criterion that asks for a term and forbids it can never write a prompt that serves it."""
    for index, criterion in enumerate(rules.acceptance_criteria):
        for at, needed in enumerate(criterion.must_include):
            for key, term in _forbidden(criterion):
                if contains(needed, term):
                    message = f"'{needed}' is wanted, but '{term}' in {key} of the same criterion forbids it"
                    yield source.problem(("acceptance_criteria", index, "must_include", at), message)


def _conflicts(source: Document, rules: Rules) -> Iterator[Problem]:
    for index, criterion in enumerate(rules.acceptance_criteria):
        for at, needed in enumerate(criterion.must_include):
            for other in rules.acceptance_criteria:
                if other is criterion:
                    continue
                for key, term in _forbidden(other):
                    if contains(needed, term):
                        message = (
                            f"'{needed}' is wanted here, but {other.field} has '{term}' in {key}: "
                            f"it goes in while {criterion.field} fails, and out again after"
                        )
                        path = ("acceptance_criteria", index, "must_include", at)
                        yield source.problem(path, message, "warning")


def _intents(source: Document, rules: Rules) -> Iterator[Problem]:
    for index, criterion in enumerate(rules.acceptance_criteria):
        if criterion.intent == "preserve" and criterion.must_include:
            message = (
                "a preserve criterion is about what the original has already: asking the generator for it "
                "tends to draw it anew. Use ban_terms or avoid_terms"
            )
            yield source.problem(("acceptance_criteria", index, "must_include"), message, "warning")
    if not any(criterion.intent == "change" for criterion in rules.acceptance_criteria):
        message = "no criterion has intent change: the untouched original would be accepted"
        yield source.problem(("acceptance_criteria",), message, "warning")


def _unused_questions(source: Document, rules: Rules) -> Iterator[Problem]:
    known = {stem for criterion in rules.acceptance_criteria for stem in _criterion_stems(criterion)}
    for index, question in enumerate(rules.questions):
        if not known & _question_stems(question):
            message = (
                f"nobody uses the answer to '{question.field}': no criterion shares a word with it. "
                "Remove it, or add the criterion it was meant for"
            )
            yield source.problem(("questions", index), message, "warning")


def _masks(source: Document, rules: Rules, aigen: AIGen | None) -> Iterator[Problem]:
    known = [criterion.field for criterion in rules.acceptance_criteria]
    files = None if aigen is None else [mask.name for mask in aigen.masking.masks]
    for index, mask in enumerate(rules.masks):
        path = ("masking", "masks", index)
        for at, name in enumerate(mask.active_criteria):
            if name not in known:
                message = (
                    f"the mask '{mask.name}' names an unknown criterion '{name}'.{did_you_mean(name, known)}"
                )
                yield source.problem((*path, "active_criteria", at), message)
        if not mask.active_criteria:
            yield source.problem((*path, "active_criteria"), f"no criterion counts with mask '{mask.name}'")
        if files is not None and mask.name not in files:
            message = f"AIGen.yaml has no mask '{mask.name}'.{did_you_mean(mask.name, files)}"
            yield source.problem((*path, "name"), message, "warning")
    for name in rules.mask_prompts:
        if files is not None and name not in files:
            message = f"AIGen.yaml has no mask '{name}'.{did_you_mean(name, files)}"
            yield source.problem(("prompts", "masks", name), message, "warning")


def _start_prompts(source: Document, rules: Rules, aigen: AIGen | None) -> Iterator[Problem]:
    """The first picture is made from these, before any criterion has had a say."""
    start = aigen.settings.prompts.positive if aigen else ""
    positive = start or rules.prompts.positive
    if aigen is not None and not positive.strip():
        message = (
            "the positive prompt is empty, here and in AIGen.yaml: the first picture is made from nothing"
        )
        yield source.problem(("prompts",), message, "warning")
    where = "AIGen.yaml's prompt" if start else "the base prompt"
    for index, criterion in enumerate(rules.acceptance_criteria):
        for key, term in _forbidden(criterion):
            if contains(positive, term):
                at = getattr(criterion, key).index(term)
                message = f"{where} holds '{term}', which is not wanted here"
                yield source.problem(("acceptance_criteria", index, key, at), message, "warning")


def _prompts(prompts: PromptTemplates | None) -> Iterator[Problem]:
    for name, text in (prompts.templates if prompts else {}).items():
        for _, message, severity in template_faults(name, text):
            yield Problem(where="prompts.yaml", path=name, message=message, severity=severity)


def _forbidden(criterion: Criterion) -> Iterator[tuple[str, str]]:
    yield from (("ban_terms", term) for term in criterion.ban_terms)
    yield from (("avoid_terms", term) for term in criterion.avoid_terms)


def _criterion_stems(criterion: Criterion) -> set[str]:
    terms = (*criterion.must_include, *criterion.ban_terms, *criterion.avoid_terms)
    metric = criterion.measure.metric if criterion.measure else ""
    return _stems(criterion.field, criterion.question, metric, *terms)


def _question_stems(question: Question) -> set[str]:
    return _stems(question.field, question.question, *map(str, question.enum))


def _stems(*texts: str) -> set[str]:
    words = (word for text in texts for word in _WORD.findall(text.lower()))
    return {word[:_STEM] for word in words if len(word) >= _SHORTEST_WORD and word not in _COMMON}
