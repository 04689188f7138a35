"""What of a project a lock follows, and how a change of it is told."""

import pytest

from builder.errors import BuilderError, Exit
from builder.inputs import differences, inputs_of
from builder.project import Project
from builder.settings import Settings


def project(requires=("flet==0.82.2",), settings=None, **more):
    """A small project."""
    return Project(name="app", version="1.0.0", requires=requires, settings=settings or Settings(), **more)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("flet[all]==0.82.2", ("flet==0.82.2",)),
        ("flet-desktop==0.82.2", ("flet==0.82.2",)),
        ("Flet_Web==0.82.2", ("flet==0.82.2",)),
        ("flet-cli==0.82.2", ()),
        ("HTTPX[http2,cli]<1,>=0.20", ("httpx[cli,http2]<1,>=0.20",)),
        ('six; python_version > "3"', ('six; python_version > "3"',)),
    ],
)
def test_a_client_of_flet_only_holds_its_version(written, kept):
    """Extras and wheels of Flet's clients become a requirement of flet itself; all else keeps its meaning."""
    assert inputs_of(project((written,))).requires == kept


def test_a_platforms_requirement_is_marked_with_it():
    """What only a platform needs has the extra of its name; a platform without target is left out."""
    platforms = {"android": ('six; python_version > "3"', "repath"), "ios": ("idna",)}
    assert inputs_of(project(platform_requires=platforms)).requires == (
        "flet==0.82.2",
        'repath; extra == "android"',
        'six; (python_version > "3") and extra == "android"',
    )


def test_the_same_project_has_the_same_inputs():
    """Order and spelling of the requirements are no difference."""
    assert differences(inputs_of(project(("a", "B>=1"))), inputs_of(project(("b >= 1", "a")))) == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"requires": ("flet==0.82.2", "six")}, "requirement `six` was added"),
        ({"requires": ()}, "requirement `flet==0.82.2` was removed"),
        ({"requires": ("flet==1.0.5",)}, "requirement `flet==0.82.2` became `flet==1.0.5`"),
        ({"constraints": ("six<2",)}, "constraint `six<2` was added"),
        ({"hashes": ("six " + "a" * 64,)}, f"hash `six {'a' * 64}` was added"),
        ({"indexes": ("https://host/simple/",)}, "index `https://host/simple/` was added"),
        ({"default_index": False}, "the default index was `on` and is `off`"),
        ({"prereleases": True}, "prereleases was `off` and is `on`"),
        ({"settings": Settings(python="3.14")}, "python was `3.12` and is `3.14`"),
        ({"settings": Settings(runtime="bytedeco")}, "runtime was `python-build-standalone` and is `bytedeco`"),
        ({"settings": Settings(sdist=["six"])}, "sdist permission `six` was added"),
        (
            {"settings": Settings.model_validate({"exclude-newer": "2026-01-01T00:00:00Z"})},
            "exclude-newer was `not set` and is `2026-01-01T00:00:00Z`",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_change_is_told(change, told):
    """A stale lock says which input changed, and how."""
    assert differences(inputs_of(project()), inputs_of(project(**change))) == (told,)


def test_targets_are_told_by_name():
    """A target more or less is told, and that the author now names them."""
    found = differences(inputs_of(project()), inputs_of(project(settings=Settings(targets=["web"], declared=True))))
    assert "target `apk` was removed" in found
    assert "declared targets was `off` and is `on`" in found


def test_what_is_no_requirement_is_refused():
    """A text that PEP 508 does not know is an error of the project that quotes it."""
    with pytest.raises(BuilderError) as caught:
        inputs_of(project(("six ==== 1 2",)))
    assert caught.value.code == Exit.PROJECT
    assert "six ==== 1 2" in caught.value.message


def test_flets_source_packages_are_permissions_too():
    """`source_packages` adds to `sdist`; what only an undeclared platform names does not count."""
    flet = {"source_packages": ["Odd_One"], "web.source_packages": ["other"], "ios.source_packages": ["third"]}
    made = inputs_of(project(settings=Settings(sdist=["b"], targets=["web", "apk"]), flet=flet))
    assert made.sdist == ("b", "odd-one", "other")
