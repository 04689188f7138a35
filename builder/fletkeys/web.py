"""Keys of the web and of Linux."""

from builder.fletkeys.key import Key

WEB = ("web",)

KEYS = (
    Key(
        "web.base_url",
        "Path below which the site is served",
        default="/",
        option="--base-url",
        platforms=WEB,
        honoured=WEB,
    ),
    Key(
        "web.renderer",
        "How Flutter draws",
        default="canvaskit",
        defaults={"0.82": "auto"},
        choices=("auto", "canvaskit", "skwasm"),
        refused={"html": "Flet dropped the HTML renderer"},
        option="--web-renderer",
        variable="FLET_WEB_RENDERER",
        platforms=WEB,
        honoured=WEB,
    ),
    Key(
        "web.route_url_strategy",
        "Whether routes stand in the path or behind #",
        default="path",
        choices=("path", "hash"),
        option="--route-url-strategy",
        variable="FLET_WEB_ROUTE_URL_STRATEGY",
        platforms=WEB,
        honoured=WEB,
    ),
    Key(
        "web.pwa_background_color",
        "Background of the installed web app while it starts, else splash.color",
        default="#ffffff",
        option="--pwa-background-color",
        platforms=WEB,
        honoured=WEB,
    ),
    Key(
        "web.pwa_theme_color",
        "Colour of the frame of the installed web app",
        default="#0175C2",
        option="--pwa-theme-color",
        platforms=WEB,
        honoured=WEB,
    ),
    Key(
        "web.pwa_short_name",
        "Name under the icon of the installed web app, else the product",
        option="--pwa-short-name",
        platforms=WEB,
        lines=("1.0",),
        honoured=WEB,
    ),
    Key(
        "web.wasm",
        "Compile Dart to WebAssembly too",
        kind="bool",
        default=True,
        option="--no-wasm",
        platforms=WEB,
        honoured=WEB,
    ),
    Key(
        "web.cdn",
        "Load the runtime from a foreign host; builder never does",
        kind="bool",
        default=False,
        option="--no-cdn",
        platforms=WEB,
        honoured=WEB,
    ),
    Key(
        "linux.categories",
        "Categories of the desktop entry",
        kind="list",
        default=("Utility",),
        option="--linux-categories",
        platforms=("linux",),
        lines=("1.0",),
    ),
)
