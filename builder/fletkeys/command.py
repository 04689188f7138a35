"""Options of `flet build` that say nothing of the app: pyproject.toml does not hold them."""

from builder.fletkeys.key import PLATFORMS, Key

KEYS = (
    Key("output", "Where the artifact goes instead of build/<target>", option="--output", table="", honoured=PLATFORMS),
    Key(
        "clear_cache", "Forget what earlier builds left", kind="bool", option="--clear-cache", table="", lines=("0.82",)
    ),
    Key("show_platform_matrix", "Show what builds where", kind="bool", option="--show-platform-matrix", table=""),
    Key("yes", "Answer every question with yes; builder asks none", kind="bool", option="--yes", table=""),
    Key("no_rich_output", "Write plain text", kind="bool", option="--no-rich-output", table=""),
    Key(
        "skip_flutter_doctor",
        "Don't run `flutter doctor` after a failure",
        kind="bool",
        option="--skip-flutter-doctor",
        table="",
    ),
    Key("verbose", "Say more", kind="bool", option="--verbose", table="", honoured=PLATFORMS),
)
