"""Pages with the colours of JupyterLab's themes, and what JupyterLab does to HTML in outputs."""

_COMMON = (
    "--jp-content-font-size1:14px;--jp-code-font-size:13px;--jp-code-font-family:'DejaVu Sans Mono',monospace;"
    "--jp-content-font-family:system-ui,'DejaVu Sans',sans-serif"
)

THEMES = {
    "light": "--jp-layout-color0:#fff;--jp-layout-color1:#fff;--jp-layout-color2:#eee;--jp-border-color1:#bdbdbd;"
    "--jp-border-color2:#e0e0e0;--jp-brand-color1:#1976d2;--jp-ui-font-color1:rgba(0,0,0,.87);"
    "--jp-content-font-color1:rgba(0,0,0,.87)",
    "dark": "--jp-layout-color0:#111;--jp-layout-color1:#212121;--jp-layout-color2:#424242;--jp-border-color1:#616161;"
    "--jp-border-color2:#424242;--jp-brand-color1:#2196f3;--jp-ui-font-color1:rgba(255,255,255,.87);"
    "--jp-content-font-color1:rgba(255,255,255,1)",
}
"""The variables of JupyterLab's themes."""

_LAB = (
    "body{margin:8px;background:var(--jp-layout-color0);color:var(--jp-content-font-color1)}"
    ".jp-RenderedHTMLCommon{font:14px/1.6 var(--jp-content-font-family)}"
    ".jp-RenderedHTMLCommon table{border-collapse:collapse;border:none;font-size:12px;table-layout:fixed;margin:0 auto 1em}"
    ".jp-RenderedHTMLCommon td,.jp-RenderedHTMLCommon th{text-align:right;vertical-align:middle;padding:.5em;border:none}"
    ".jp-RenderedHTMLCommon tbody tr:nth-child(even){background:rgba(128,128,128,.08)}"
    ".jp-RenderedHTMLCommon pre{margin:0;font-family:var(--jp-code-font-family);font-size:13px}"
    ".jp-RenderedHTMLCommon code{background:var(--jp-layout-color2);padding:1px 5px}"
)
"""What JupyterLab does to HTML in outputs."""


def themed(html: str, theme: str) -> str:
    """Return a page that shows HTML as JupyterLab does."""
    style = f":root{{color-scheme:{theme};{_COMMON};{THEMES[theme]}}}{_LAB}"
    light = "true" if theme == "light" else "false"
    return (
        f"<!doctype html><html lang='en'><head><title>mfwidgets</title><style>{style}</style></head><body data-jp-theme-light='{light}'>"
        f"<div class='jp-RenderedHTMLCommon jp-RenderedHTML'>{html}</div></body></html>"
    )
