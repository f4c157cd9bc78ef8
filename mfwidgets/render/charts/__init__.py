"""Charts over runs as static SVG: models, ticks, layouts. ``render.html.svg_of`` draws them."""
