"""Predictions and answers judged by the lab's key; pure. What is wrong with a request is a BadAnswer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parallab.lab import QuizQuestion, Step
from parallab.wire import Answered, Prompt, Verdict

#: Characters of one answer: free text is read by people.
LONGEST = 4000


class BadAnswer(ValueError):
    """An answer that does not fit the step; the text says what would."""


# -- predictions ---------------------------------------------------------------------


def prediction(step: Step, answers: Mapping[str, str]) -> dict[str, str]:
    """The answers, trimmed, in the order of the step's prompts.

    :raises BadAnswer: a prompt is missing or unknown, or its answer is not of its form.
    """
    if not step.prompts:
        raise BadAnswer(f"Step “{step.title}” asks for no prediction.")
    _known(answers, [prompt.id for prompt in step.prompts], "prediction")
    return {prompt.id: _fitting(prompt, answers.get(prompt.id, "").strip()) for prompt in step.prompts}


def _fitting(prompt: Prompt, answer: str) -> str:
    choices = {choice.id for choice in prompt.choices}
    if not answer:
        raise BadAnswer(f"A prediction is missing: “{prompt.text}” Fill it in, then save.")
    _short(answer)
    if prompt.form == "number":
        try:
            float(answer)
        except ValueError:
            raise BadAnswer(f"“{prompt.text}” asks for a number; “{answer[:40]}” is none.") from None
    elif prompt.form == "choice" and answer not in choices:
        raise BadAnswer(f"“{prompt.text}” has no choice {answer[:40]!r}. Choose one of those shown.")
    elif prompt.form == "order" and choices and sorted(answer.split(",")) != sorted(choices):
        raise BadAnswer(f"“{prompt.text}” asks for each of its choices once, in order.")
    return answer


# -- answers -------------------------------------------------------------------------


def grade(step: Step, answers: Mapping[str, Sequence[str]]) -> tuple[Answered, ...]:
    """What was right, and why, for the questions that were answered.

    Blocks put in order are answered under the step's own id.

    :raises BadAnswer: nothing was answered, or what was is not of this step.
    """
    if not answers:
        raise BadAnswer("Nothing was answered. Choose an answer first.")
    if step.blocks:
        _known(answers, [step.id], "question")
        return (_ordered(step, tuple(answers[step.id])),)
    if step.questions:
        _known(answers, [question.id for question in step.questions], "question")
        return tuple(
            _answered(question, tuple(answers[question.id])) for question in step.questions if question.id in answers
        )
    if step.kind == "free":
        return tuple(_written(name, tuple(texts)) for name, texts in answers.items())
    raise BadAnswer(f"Step “{step.title}” has no questions.")


def verdict(step: Step, answered: Mapping[str, Answered]) -> Verdict:
    """The step's verdict with all answers given so far, by question."""
    wanted = [step.id] if step.blocks else [question.id for question in step.questions]
    found = [answered.get(name) for name in wanted]
    if any(one is not None and one.right is False for one in found):
        return "failed"
    return "not-attempted" if any(one is None for one in found) else "passed"


def _answered(question: QuizQuestion, given: tuple[str, ...]) -> Answered:
    if question.form == "text":
        return _written(question.id, given)
    return _in_order(question, given) if question.form == "order" else _chosen(question, given)


def _in_order(question: QuizQuestion, given: tuple[str, ...]) -> Answered:
    right = tuple(option.id for option in question.options)
    if sorted(given) != sorted(right):
        raise BadAnswer(f"“{question.text}” asks for each of its lines once, in order.")
    place = next((place for place, pair in enumerate(zip(given, right, strict=True)) if pair[0] != pair[1]), None)
    if place is None:
        return Answered(question.id, given, True, question.options[0].reason)
    stray = next(option for option in question.options if option.id == given[place])
    return Answered(question.id, given, False, " ".join(filter(None, (_first(place), stray.reason))))


def _first(right: int) -> str:
    """How many of the first are right, without giving the next away."""
    if right > 1:
        return f"The first {right} lines are right; the next is not."
    return "The first line is right; the next is not." if right else "The first line is not right."


def _chosen(question: QuizQuestion, chosen: tuple[str, ...]) -> Answered:
    options = {option.id: option for option in question.options}
    unknown = next((name for name in chosen if name not in options), None)
    if unknown is not None:
        raise BadAnswer(f"“{question.text}” has no answer {unknown[:40]!r}. Choose one of those shown.")
    if not chosen:
        raise BadAnswer(f"“{question.text}” is not answered. Choose an answer first.")
    if len(chosen) > 1 and not question.several:
        raise BadAnswer(f"“{question.text}” has one answer. Choose only one.")
    wrong = [options[name] for name in chosen if not options[name].right]
    missed = [option for option in question.options if option.right and option.id not in chosen]
    told = [option.reason for option in (wrong or [options[name] for name in chosen]) if option.reason]
    if missed and not wrong:
        told.append("One more of them is true." if len(missed) == 1 else f"{len(missed)} more of them are true.")
    return Answered(question.id, chosen, not wrong and not missed, " ".join(told))


def _ordered(step: Step, chosen: tuple[str, ...]) -> Answered:
    known = [block.id for block in step.blocks]
    if len(set(chosen)) != len(chosen) or any(name not in known for name in chosen):
        raise BadAnswer("Each line can be used once. Reload the page if the lines shown are not those of the lab.")
    if not chosen:
        raise BadAnswer("No line is in place yet. Put the lines in order first.")
    return Answered(step.id, chosen, chosen == step.order, _why(step, chosen))


def _why(step: Step, chosen: tuple[str, ...]) -> str:
    """The first thing that is wrong, without giving the order away."""
    if chosen == step.order:
        return ""
    stray = next((name for name in chosen if name not in step.order), None)
    if stray is not None:
        return step.block_reasons.get(stray, "") or "One of these lines does not belong there."
    right = next(
        (place for place, pair in enumerate(zip(chosen, step.order, strict=False)) if pair[0] != pair[1]), len(chosen)
    )
    if right == len(chosen):
        return "So far it is right, but lines are missing."
    return _first(right)


def _written(name: str, texts: tuple[str, ...]) -> Answered:
    text = "\n".join(texts).strip()
    if not text:
        raise BadAnswer("Nothing was written. Write a sentence first.")
    _short(text)
    _short(name, 100)
    return Answered(name, (text,), None, "")


def _known(answers: Mapping[str, object], known: Sequence[str], what: str) -> None:
    unknown = next((name for name in answers if name not in known), None)
    if unknown is not None:
        raise BadAnswer(f"This step has no {what} {unknown[:40]!r}. Reload the page: the lab may have changed since.")


def _short(text: str, most: int = LONGEST) -> None:
    if len(text) > most:
        raise BadAnswer(f"An answer has at most {most} characters; this one has {len(text)}.")
