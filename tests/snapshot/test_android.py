"""What an APK says of itself, as text: the manifests and resources that a project's keys make."""

import json

import pytest
from syrupy.assertion import SnapshotAssertion

from builder import project
from builder.android import manifest, resources
from builder.requirements import Context

NASTY = """Ann & Bob's "<b>Shop</b>" ]]> <!-- \\n @home {{ 7 * 7 }} ${x} %s \N{PILE OF POO}\n\tend"""

PROJECTS = {
    "plain": "",
    "nasty name": f"product = {json.dumps(NASTY, ensure_ascii=False)}\nbuild_number = 7",
    "name of 200 characters": 'product = "' + "\N{GREEK SMALL LETTER OMEGA}" * 200 + '"',
    "all groups": 'permissions = ["biometric", "camera", "location", "microphone", "photo_library"]',
    "own ids": 'bundle_id = "org.example.the-shop"\n[tool.flet.android]\nmin_sdk_version = 28\ntarget_sdk_version = 36',
    "deep link": '[tool.flet.android.deep_linking]\nscheme = "shop"\nhost = "example.com"',
    "hash routes": '[tool.flet.web]\nroute_url_strategy = "hash"',
    "author's own": """[tool.flet.android.permission]
"android.permission.INTERNET" = false
"android.permission.BLUETOOTH_SCAN" = { usesPermissionFlags = "neverForLocation", maxSdkVersion = 40 }
[tool.flet.android.feature]
"android.hardware.touchscreen" = true
"com.example.lamp" = true
[tool.flet.android.meta_data]
"com.example.key" = "a \\\\u0041 & <b>"
"com.example.number" = 5
"com.example.on" = true
"com.example.icon" = "@mipmap/ic_launcher"
[tool.flet.android.manifest_application]
allowBackup = false
appCategory = "game"
usesCleartextTraffic = true
[tool.flet.android.provider."android.content.Searches"]
authorities = "${applicationId}.searches"
exported = false
meta_data = { "com.example.a" = "b", "com.example.c" = { resource = "@mipmap/ic_launcher" } }
[tool.flet.android.provider."android.content.Plain"]
authorities = "plain"
""",
}

LOOKS = {
    "plain": "",
    "all colours": """icon_background = "#111111"
[tool.flet.splash]
color = "#222222"
dark_color = "#333333"
icon_background = "#444444"
icon_dark_background = "#555555"
icon_fit = "none"
""",
    "no splash": "[tool.flet.splash]\nandroid = false",
}


def load(keys: str) -> project.Project:
    """An app with keys below [tool.flet]."""
    text = f'[project]\nname = "shop"\nversion = "1.2.3"\ndependencies = ["flet"]\n[tool.flet]\n{keys}'

    def read(file: str) -> bytes:
        if file != "pyproject.toml":
            raise FileNotFoundError(file)
        return text.encode()

    return project.parse("app", {}, Context(read, {}, lambda warning: None))


@pytest.mark.parametrize("case", PROJECTS)
def test_manifests(case: str, snapshot: SnapshotAssertion) -> None:
    """AndroidManifest.xml, which the sandbox turns into its binary form."""
    assert manifest.text(load(PROJECTS[case]), "1.0", ("b.example", "a.example")) == snapshot


@pytest.mark.parametrize("case", LOOKS)
def test_resources(case: str, snapshot: SnapshotAssertion) -> None:
    """Colours and themes; which facts of Android go with them follows."""
    found = resources.settings(load(LOOKS[case]), "1.0", "pillow.whl")
    assert json.dumps(found, indent=1, sort_keys=True) == snapshot
