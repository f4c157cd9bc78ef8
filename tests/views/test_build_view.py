"""Views are registered by modules that are imported when an object of their class is first shown."""

import pkgutil
from importlib import import_module

import pytest

import mfwidgets
from mfwidgets.display import Displayable
from mfwidgets.render.view import View
from mfwidgets.views.build_view import MODULES, ViewBuilders, build_view
from mfwidgets.views.cells import Limits

SHARED = {"Collection", "Explorable", "MetaflowObject", "_RunPart"}
"""Classes that only hold what others share."""

ONE_LINE = {"MetadataEvents", "Timings"}
"""Classes that show their repr, because reading their rows costs more than a display may."""


def displayable_classes() -> list[type]:
    """Return all classes of the package that show themselves."""
    for module in pkgutil.walk_packages(mfwidgets.__path__, "mfwidgets."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    found, waiting = set(), [Displayable]
    while waiting:
        new = set(waiting.pop().__subclasses__()) - found
        found |= new
        waiting += new
    own = (cls for cls in found if cls.__module__.startswith("mfwidgets.") and cls.__name__ not in SHARED)
    return sorted(own, key=lambda cls: cls.__name__)


def test_every_displayable_class_has_a_view_that_is_found_without_importing_others():
    plain = build_view.builder_of(object)
    without, elsewhere = [], []
    for cls in displayable_classes():
        builder = build_view.builder_of(cls)
        homes = {
            cls.__module__,
            *(f"mfwidgets.views.{MODULES[base.__name__]}" for base in cls.__mro__ if base.__name__ in MODULES),
        }
        if builder is plain:
            without.append(cls.__name__)
        elif builder.__module__ not in homes:
            elsewhere.append((cls.__name__, builder.__module__))
    assert set(without) == ONE_LINE
    assert elsewhere == []


def test_the_names_of_the_table_are_displayable_classes_of_the_client():
    names = {cls.__name__ for cls in displayable_classes() if cls.__module__.startswith("mfwidgets.client.")}
    assert set(MODULES) <= names


@pytest.mark.parametrize("name", sorted(set(MODULES.values())))
def test_the_modules_of_the_table_exist(name):
    assert import_module(f"mfwidgets.views.{name}")


def test_a_subclass_has_the_view_of_its_base_class_unless_it_registers_its_own():
    builders = ViewBuilders()

    class Base:
        pass

    class Own(Base):
        pass

    class Inherits(Base):
        pass

    def build_base(shown: Base, limits: Limits) -> View:
        return View("base", limits.text(type(shown).__name__).text)

    def build_own(shown: Own, limits: Limits) -> View:
        return View("own", limits.text(type(shown).__name__).text)

    builders.register(build_base)
    builders.register(build_own)
    assert [builders(shown(), Limits()).kind for shown in (Base, Own, Inherits, int)] == ["base", "own", "base", "int"]
