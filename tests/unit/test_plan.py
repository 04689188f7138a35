"""Rules of plans and keys."""

import pytest
from pydantic import ValidationError

from builder import plan
from builder.plan import Built, File, Pinned, Plan, Step, Tree

PIN = "ab" * 32


def planned(**change: object) -> Plan:
    """A plan of two steps: `one` unpacks a pin, `two` joins it with the app."""
    one = Step(
        name=str(change.get("name", "one")),
        scripts=("one.py", "start.py"),
        inputs={"wheel": Pinned(pin=str(change.get("pin", PIN)))},
    )
    two = Step(
        name="two",
        scripts=("two.py",),
        args=(str(change.get("arg", "x")),),
        inputs={"one": Built(step=one.name), "app": Tree(tree="app")},
        files={"index.html": str(change.get("text", "<p>"))},
        root=bool(change.get("root", False)),
    )
    scripts = {"one.py": str(change.get("script", "01" * 32)), "start.py": "02" * 32, "two.py": "03" * 32}
    fields: dict[str, object] = {"target": "web", "artifact": ".", "toolchain": change.get("toolchain", "cd" * 32)}
    return Plan.model_validate(
        fields
        | {"project": {}, "scripts": scripts, "pins": {}, "steps": (one, two), "contract": change.get("contract", 1)}
    )


def last_key(tree: str = "00", **change: object) -> str:
    return list(plan.keys(planned(**change), {"app": tree}).values())[-1]


@pytest.mark.parametrize(
    "change",
    [
        {"pin": "ef" * 32},
        {"arg": "y"},
        {"text": "<b>"},
        {"script": "11" * 32},
        {"toolchain": "ee" * 32},
        {"contract": 2},
        {"root": True},
        {"tree": "11"},
    ],
    ids=str,
)
def test_a_key_follows_every_input(change: dict[str, object]) -> None:
    """A changed pin however far up, text, argument, script, toolchain, contract or tree gives another key."""
    assert last_key(**change) != last_key()  # type: ignore[arg-type]


def test_a_key_ignores_names_of_steps() -> None:
    """The same work under another step name has the same key, so that targets share it."""
    assert last_key(name="unpack") == last_key()


def test_a_plan_reads_back_as_it_was_written() -> None:
    """The committed JSON gives the same plan, and the same bytes again."""
    text = plan.dump(planned())
    assert Plan.model_validate_json(text) == planned()
    assert plan.dump(Plan.model_validate_json(text)) == text
    assert text.endswith(b"\n")


def test_a_plan_without_steps_is_none() -> None:
    """A plan has at least one step."""
    with pytest.raises(ValidationError):
        Plan.model_validate(planned().model_dump() | {"steps": ()})


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("numpy-2.0-cp312.whl", "numpy-2.0-cp312.whl"),
        ("libc6_2.36-9+deb12u1~x.deb", "libc6_2.36-9+deb12u1-x.deb"),
        (".x", "x"),
        ("ü", "-"),
    ],
)
def test_a_store_name_holds_only_what_nix_allows(file: str, name: str) -> None:
    """Nix store names are [A-Za-z0-9+._?=-] and start with no dot."""
    assert plan.store_name(file) == name


def test_what_follows_the_tree_is_known() -> None:
    """Only the step that a tree goes into, directly or not, has a key that follows it."""
    assert plan.following(planned(), {"app": "00"}) == (last_key(),)


def _with(**change: object) -> Plan:
    """The plan, sound, with its last step or itself changed."""
    sound = planned().model_copy(update={"pins": {PIN: File(file="x.whl", store="x.whl")}})
    own = {key: value for key, value in change.items() if key in Plan.model_fields}
    step = sound.steps[-1].model_copy(update={key: value for key, value in change.items() if key not in own})
    return sound.model_copy(update={"steps": (sound.steps[0], step), **own})


def test_a_sound_plan_has_no_flaw() -> None:
    """What builder writes itself can be run."""
    assert plan.flaw(_with()) == ""


@pytest.mark.parametrize(
    "change",
    [
        {"files": {"../../home/.profile": "x"}},
        {"files": {"/etc/cron.d/x": "x"}},
        {"files": {"inside": "x"}},
        {"files": {"one": "the name of an input too"}},
        {"inputs": {"..": Tree(tree="app")}},
        {"inputs": {"a/b": Tree(tree="app")}},
        {"inputs": {"a\0": Tree(tree="app")}},
        {"inputs": {"a" * 256: Tree(tree="app")}},
        {"inputs": {"x": Tree(tree="home")}},
        {"inputs": {"x": Built(step="two")}},
        {"inputs": {"x": Pinned(pin="cd" * 32)}},
        {"scripts": ("../../x.py",)},
        {"scripts": ("none.py",)},
        {"name": "one"},
        {"artifact": "../.."},
        {"artifact": "/etc/passwd"},
        {"artifact": ""},
    ],
    ids=str,
)
def test_a_plan_from_outside_may_name_only_what_it_has(change: dict[str, object]) -> None:
    """A name that leaves its folder would be written or read on the host; one that nothing has can't be run."""
    assert plan.flaw(_with(**change))
