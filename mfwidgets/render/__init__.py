"""Pure drawing: a :class:`~mfwidgets.render.view.View` of facts becomes text or HTML. Nothing here fetches."""
