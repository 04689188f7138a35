"""requirements.txt as pip reads it, in one form."""

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import BuilderError, Exit
from builder.requirements import Asked, Context, asked, names_any

Read = Callable[..., Asked]
SHA = "ab" * 32


@pytest.fixture
def warnings() -> list[str]:
    """What was warned of."""
    return []


@pytest.fixture
def read(warnings: list[str]) -> Read:
    """What a requirements.txt of this text asks for, with other files beside it."""

    def read(text: str | bytes, environ: Mapping[str, str] | None = None, **others: str) -> Asked:
        files = {name.replace("__", "/") + ".txt": content for name, content in others.items()}
        held = {"requirements.txt": text, **files, "lib/pyproject.toml": '[project]\nname = "My_Lib"\n'}

        def bytes_of(name: str) -> bytes:
            if name not in held:
                raise FileNotFoundError(name)
            content = held[name]
            return content if isinstance(content, bytes) else content.encode()

        return asked("requirements.txt", Context(bytes_of, environ or {}, warnings.append))

    return read


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("Flet", "flet"),
        ("flet==0.82.2", "flet==0.82.2"),
        ("flet <2, >=0.80  # pinned soon", "flet<2,>=0.80"),
        ("Foo_Bar[Some_Extra,b]>1", "foo-bar[b,some-extra]>1"),
        ("flet; sys_platform == 'a/b'", 'flet; sys_platform == "a/b"'),
        ("flet>=1;python_version<'3.9' and os_name=='x/y'", 'flet>=1; python_version < "3.9" and os_name == "x/y"'),
        ("foo @ https://host/foo-1.0.zip", "foo @ https://host/foo-1.0.zip"),
        ("https://host/Foo-1.0-py3-none-any.whl", "foo @ https://host/Foo-1.0-py3-none-any.whl"),
        ("https://host/foo-1.0.tar.gz ; os_name=='nt'", 'foo @ https://host/foo-1.0.tar.gz ; os_name == "nt"'),
        ("git+https://host/x.git@v1#egg=foo[a]", "foo[a] @ git+https://host/x.git@v1"),
        ("git+https://host/x.git#subdirectory=p&egg=foo", "foo @ git+https://host/x.git#subdirectory=p"),
        ("git+ssh://git@host/x.git#egg=foo", "foo @ git+ssh://git@host/x.git"),
        ("./wheels/foo-1.0-py3-none-any.whl", "foo @ file:wheels/foo-1.0-py3-none-any.whl"),
        ("foo-1.0-py3-none-any.whl", "foo @ file:foo-1.0-py3-none-any.whl"),
        ("..\\shared\\foo-1.0-py3-none-any.whl[x]", "foo[x] @ file:../shared/foo-1.0-py3-none-any.whl"),
        ("my wheels/foo-1.0-py3-none-any.whl", "foo @ file:my%20wheels/foo-1.0-py3-none-any.whl"),
        ("./lib", "my-lib @ file:lib"),
        ("file:lib", "my-lib @ file:lib"),
        ("lib @ ./lib", "lib @ file:lib"),
    ],
)
def test_each_form_of_a_requirement_has_one_form(read: Read, line: str, wanted: str) -> None:
    """Names are canonical, bare URLs and paths get their name, paths are relative to the app."""
    assert read(line).requires == [wanted]


def test_continued_lines_and_comments_are_joined_as_pip_does(read: Read) -> None:
    """A backslash continues a line, a comment in between does not end it early, `#` within a word is no comment."""
    found = read("# head\nflet \\\n  >=0.80 \\\n  # why\nfoo @ https://host/x#subdirectory=y\n\n")
    assert found.requires == ["flet>=0.80", "foo @ https://host/x#subdirectory=y"]


def test_hashes_of_the_author_are_kept(read: Read) -> None:
    """--hash and the fragment of a URL give `name sha256`."""
    found = read(f"Flet==1 \\\n --hash=sha256:{SHA.upper()} --hash sha256:{'cd' * 32}\nfoo @ https://h/x#sha256={SHA}")
    assert found.hashes == [f"flet {SHA}", f"flet {'cd' * 32}", f"foo {SHA}"]


def test_included_files_are_relative_to_the_one_that_includes(read: Read) -> None:
    """-r and -c are followed from their own folder; what -c names only constrains."""
    found = read(
        "-r reqs/base.txt\n--constraint=limits.txt",
        reqs__base="-r more.txt\n./w/foo-1.0-py3-none-any.whl",
        reqs__more="flet",
        limits="msgpack<2",
    )
    assert found.requires == ["flet", "foo @ file:reqs/w/foo-1.0-py3-none-any.whl"]
    assert found.constraints == ["msgpack<2"]


def test_variables_are_filled_in_and_secrets_stay_out(read: Read) -> None:
    """`${X}` comes from the environment; what stands before a host's @ is kept apart from every URL."""
    text = "-i https://${USER}:${KEY}@host/simple\n--extra-index-url https://b/\nfoo @ git+https://${KEY}@h/x\n--pre"
    found = read(text, {"USER": "me", "KEY": "s3cret"})
    assert (found.index, found.extra, found.pre) == (["https://host/simple"], ["https://b/"], [True])
    assert found.requires == ["foo @ git+https://h/x"]
    assert found.credentials == {"https://host/simple": "me:s3cret", "git+https://h/x": "s3cret"}


def test_a_missing_variable_changes_nothing_but_the_secret(read: Read) -> None:
    """The lock of an app follows the URL without credentials, so it is the same where the secret is not known."""
    assert read("-i https://${KEY}@host/simple").index == read("-i https://${KEY}@host/simple", {"KEY": "x"}).index


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbfflet", "flet".encode("utf-16"), b"# -*- coding: latin-1 -*-\nflet # caf\xe9"], ids=str
)
def test_other_encodings_are_read(read: Read, data: bytes) -> None:
    """A byte order mark (PowerShell writes UTF-16) or a PEP 263 line tells the encoding."""
    assert read(data).requires == ["flet"]


@pytest.mark.parametrize(
    ("text", "says", "mend"),
    [
        ("flet\n=> 3", "`requirements.txt` line 2", "PEP 508"),
        ("-e .", "is editable", "without -e"),
        ("-r gone.txt", "`gone.txt`: which `requirements.txt` includes, can't be read", "add the file"),
        ("-r requirements.txt", "includes itself", "remove"),
        ("-r https://host/x.txt", "does not lie in the app", "copy"),
        ("flet --hash=md5:1234", "is no sha256", "pip hash"),
        ("foo @ https://h/x#sha256=12", "is no sha256", "64"),
        ("--find-links x", "not honoured", "mirrors"),
        ("--no-index", "not honoured", "mirrors"),
        ("--surprise", "no such option", "remove"),
        ("flet --pre flet", "after its options", "one requirement"),
        ("-i 'x", "No closing quotation", "remove"),
        ("/abs/foo-1.0-py3-none-any.whl", "this machine only", "relative"),
        ("C:\\x\\foo-1.0-py3-none-any.whl", "this machine only", "relative"),
        ("foo @ file:///abs/foo", "this machine only", "relative"),
        ("git+https://host/x.git", "does not say which package", "name @ git+https://host/x.git"),
        ("https://host/v1.0.zip", "does not say which package", "name @"),
        ("./nothing", "does not say which package", "name @"),
        ("svn+https://host/x#egg=y", "can't lock", "git+https"),
        ("foo @ https://[bad/x", "is no", "URL"),
    ],
)
def test_what_can_not_be_locked_is_refused_with_its_mend(read: Read, text: str, says: str, mend: str) -> None:
    """The message names file, line and fact; the hint says what to write instead."""
    with pytest.raises(BuilderError) as caught:
        read(text)
    assert says in caught.value.message
    assert mend in caught.value.hint
    assert caught.value.code == Exit.PROJECT


@pytest.mark.parametrize(
    "text",
    [
        "foo bar https://${K}@h/x",
        "https://a:${K}@h/x.zip",
        "-e https://${K}@h",
        "foo @ svn+https://${K}@h/x",
        "-i ${K}'",
    ],
)
def test_no_message_shows_a_secret(read: Read, text: str) -> None:
    """Neither a variable's value nor what stands before a host's @ is ever told."""
    with pytest.raises(BuilderError) as caught:
        read(text, {"K": "s3cret"})
    assert "s3cret" not in caught.value.message + caught.value.hint


def test_options_without_effect_are_told(read: Read, warnings: list[str]) -> None:
    """An option that builder does not follow, but that does no harm, gives a warning."""
    read("--no-binary :all:\n--trusted-host h\n--prefer-binary\n--require-hashes")
    assert [line.split("`")[3] for line in warnings] == ["--no-binary", "--trusted-host"]


@pytest.mark.parametrize(("text", "wanted"), [("", False), ("# flet\n\n", False), ("# x\nflet", True), ("-r x", True)])
def test_a_file_of_comments_names_nothing(text: str, wanted: bool) -> None:
    """Only a file that says something is worth a warning."""
    assert names_any(text.encode()) is wanted


LINES = st.sampled_from(
    ["-r", "-c", "-e", "-i", "--hash=sha256:", "--pre", "\\\n", "\n", " ; ", "@ ", "https://", "file:", "git+", "./",
     "[", "]", "flet", ">=1", "${HOME}", "#egg=", "#", "'", '"', "\0", "\ud7ff", "requirements.txt", "a/b.whl", "x.zip"]
)  # fmt: skip


@given(st.one_of(st.text(), st.binary(), st.lists(LINES).map("".join)))
def test_no_text_breaks_the_reader(text: str | bytes) -> None:
    """Whatever a file holds, the outcome is requirements or one error."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")

    def read(name: str) -> bytes:
        if name != "requirements.txt":
            raise FileNotFoundError(name)
        return data

    context = Context(read, {"HOME": "\udcff"}, lambda line: None)
    try:
        found = asked("requirements.txt", context)
    except BuilderError as error:
        assert error.hint
    else:
        "".join([*found.requires, *found.constraints, *found.index]).encode()
