"""What a macOS app says of itself: Info.plist and entitlements that a project's keys make."""

import json

import pytest
from syrupy.assertion import SnapshotAssertion

from builder import apple, project
from builder.requirements import Context

NASTY = """Ann & Bob's "<b>Shop</b>" ]]> <!-- \\n @home {{ 7 * 7 }} ${x} %s \N{PILE OF POO}\n\tend"""

PROJECTS = {
    "plain": "",
    "nasty name": f"product = {json.dumps(NASTY, ensure_ascii=False)}\nbuild_number = 7",
    "all groups": 'permissions = ["biometric", "camera", "location", "microphone", "photo_library"]',
    "own ids": 'copyright = "© 2026 Ann"\nbundle_id = "org.example.the-shop"',
    "deep link": '[tool.flet.macos.deep_linking]\nscheme = "shop"',
    "author's own": """permissions = ["camera"]
[tool.flet.macos.info]
NSCameraUsageDescription = "For receipts."
LSApplicationCategoryType = "public.app-category.business"
LSMinimumSystemVersion = "14.0"
Number = 5
Ratio = 1.5
List = ["a", { b = true }]
[tool.flet.macos.entitlement]
"com.apple.security.app-sandbox" = true
"com.apple.security.network.server" = false
"com.apple.security.device.camera" = false
"com.apple.security.application-groups" = ["group.example"]
""",
}


def load(keys: str) -> project.Project:
    """An app with an icon and keys below [tool.flet]."""
    text = f'[project]\nname = "shop"\nversion = "1.2.3"\ndependencies = ["flet"]\n[tool.flet]\n{keys}'

    def read(file: str) -> bytes:
        if file != "pyproject.toml":
            raise FileNotFoundError(file)
        return text.encode()

    found = project.parse("app", {}, Context(read, {}, pytest.fail))
    return found.model_copy(update={"images": ("icon",)})


@pytest.mark.parametrize("case", PROJECTS)
def test_information_property_lists(case: str, snapshot: SnapshotAssertion) -> None:
    """Info.plist, sorted."""
    assert apple.info(load(PROJECTS[case]), "1.0", "Shop", "arm64", "12.0") == snapshot


@pytest.mark.parametrize("case", PROJECTS)
def test_entitlements(case: str, snapshot: SnapshotAssertion) -> None:
    """Flet's defaults, those of the groups, the author's on top."""
    assert apple.entitlements(load(PROJECTS[case]), "1.0") == snapshot
