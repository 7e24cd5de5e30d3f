"""One try: make the plan's picture, assess it, take advice, commit.

A step whose file is there is not done again. Paid replies are stored below the steps (project.answers),
so that a step cut off in the middle costs nothing the second time either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from iterativectl import files, masked
from iterativectl.assessing import advised, assess
from iterativectl.errors import GenerationError, ImageError, ServerUnavailable
from iterativectl.events import Event
from iterativectl.model import (
    Advice,
    Assessment,
    Call,
    Failure,
    Generation,
    History,
    Iteration,
    Plan,
    Ticket,
)
from iterativectl.ports import GenerationInputs
from iterativectl.preferring import preferred
from iterativectl.project import metadata, preview, runs
from iterativectl.project.tickets import TicketFile
from iterativectl.steps import Attempt, stand


def make(work: Attempt, plan: Plan, history: History) -> Iteration:
    """Carry out a plan and commit it. A picture that cannot be made is a committed failure.

    Raises JudgeUnavailable, LimitReached, StorageError or StopRequested: then the steps done so far stay; so
    does ServerUnavailable where this plan is the only one of its kind, as a variant is.
    """
    began = work.clock.monotonic()
    try:
        generation, before = _generate(work, plan)
    except (GenerationError, ServerUnavailable, ImageError) as error:
        if work.run.variants and isinstance(error, ServerUnavailable):
            raise
        failure = Failure(code=error.code, message=error.message, hint=error.hint)
        failed = Iteration(plan=plan, status="failed", failure=failure)
        return _commit(work, failed, None, (), {"generate": work.clock.monotonic() - began})
    generated = work.clock.monotonic()
    assessed = assess(work, plan, history, before)
    beside = preferred(work, plan, assessed.assessment, history)
    judged = work.clock.monotonic()
    advice, calls = (
        (None, ()) if work.run.variants else advised(work, plan, assessed.assessment, history)
    )  # nothing follows a variant that could take advice
    seconds = {
        "generate": generated - began,
        "judge": judged - generated,
        "advise": work.clock.monotonic() - judged,
    }
    iteration = Iteration(plan=plan, status="ok", assessment=assessed.assessment, advice=advice)
    return _commit(work, iteration, generation, (*assessed.calls, *beside, *calls), seconds)


def advise(work: Attempt, plan: Plan, assessment: Assessment, history: History) -> Advice | None:
    """Advice for an iteration that was committed without, because the run ended there at the time."""
    if work.run.variants:
        return None
    return advised(work, plan, assessment, replace(history, iterations=history.iterations[:-1]))[0]


def _generate(work: Attempt, plan: Plan) -> tuple[Generation, float | None]:
    """The plan's picture; and how alike it was outside its mask before the original was put back there."""
    stand(work, plan, "generate")
    number = plan.iteration
    image, source = work.paths.image(number), masked.source(work.project, work.paths, plan)
    sent = masked.sent(work.paths, work.run, work.regions, plan, source)

    def report(event: Event) -> None:
        work.report(replace(event, iteration=number))

    told = partial(stand, work, plan, "generate")
    with preview.shown(work.paths, work.run.aigen.comfyui.preview) as shown:
        inputs = replace(_inputs(work, plan, sent, told), preview=shown)
        generation, before = work.generator.generate(plan, inputs, report), None
    if plan.mask is not None and sent.destination != image:
        region = work.regions.of(plan.mask)
        generation, before = masked.put_back(source, sent, image, region, generation)
    data = {
        "path": work.paths.relative(image),
        "width": generation.width,
        "height": generation.height,
        "seconds": generation.seconds,
        "notes": list(generation.notes),
    }
    work.report(Event(type="generation_done", iteration=number, data=data))
    return generation, before


def inputs_ahead(work: Attempt, plan: Plan) -> GenerationInputs:
    """The inputs of a plan that is made before its turn: the checkpoint speaks of the one whose turn it is.

    Raises ImageError for a picture or mask that cannot be used.
    """
    sent = masked.sent(
        work.paths, work.run, work.regions, plan, masked.source(work.project, work.paths, plan)
    )
    return _inputs(work, plan, sent, lambda ticket: None)


def _inputs(
    work: Attempt, plan: Plan, sent: masked.Sent, opened: Callable[[Ticket], None]
) -> GenerationInputs:
    """`opened` is told of every ticket that is opened."""
    number = plan.iteration
    control = work.run.control
    return GenerationInputs(
        source=sent.source,
        mask=sent.mask,
        control_image=work.project.root / control["path"] if control else None,
        destination=sent.destination,
        graph_destination=work.paths.graph(number),
        tickets=TicketFile.of_unfinished(
            work.paths.tickets(number),
            lambda: work.clock.now().isoformat(),
            opened,
        ),
        attend=work.attention,
        project=work.project.name,
        run_id=work.run.run_id,
    )


def _commit(
    work: Attempt,
    iteration: Iteration,
    generation: Generation | None,
    calls: tuple[Call, ...],
    seconds: Mapping[str, float],
) -> Iteration:
    """Write the commit record: from here on the iteration is real."""
    now = work.clock.now()
    known = {work.paths.image(iteration.number): generation.sha256} if generation else {}
    told = metadata.Circumstances(
        at=(now.isoformat(), now.timestamp()),
        generation=generation,
        calls=calls,
        files=runs.file_hashes(work.paths, iteration.number, known),
        seconds={name: round(value, 3) for name, value in seconds.items()},
    )
    path = work.paths.metadata(iteration.number)
    files.write_json(path, metadata.record(work.paths, iteration, told))
    return iteration


def wait_for_server(work: Attempt, seconds: float, why: str) -> None:
    """Wait until the generating server answers. Raises ServerUnavailable after so many seconds."""
    deadline = work.clock.monotonic() + seconds
    said = False
    while not work.generator.reachable():
        if work.clock.monotonic() >= deadline:
            raise ServerUnavailable(
                f"the server did not come back within {seconds:.0f} s: {why}",
                "Start it and run the same command again: the run goes on where it stopped.",
            )
        if not said:
            what = f"{why}; waiting up to {seconds:.0f} s for the server"
            work.report(Event(type="warning", data={"message": what}))
            said = True
        work.attention()
        work.clock.sleep(1.0)
