"""Configuration of Sphinx; `docs/build.py` calls it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from mlbalance import __version__  # noqa: E402

project = "mlbalance"
author = "The mlbalance developers"
copyright = f"2026, {author}"
version = release = __version__

extensions = [
    "docs.extension",
    "sphinx.ext.autodoc",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["sg_execution_times.rst"]
nitpicky = False
suppress_warnings = ["config.cache"]
default_role = "named"
highlight_language = "python"
pygments_style = "tango"
templates_path: list[str] = []

# The signatures name types of NumPy and of the package; the docstrings say their shapes.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
numpydoc_xref_param_type = False

math_renderer = "mathml"
html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "mlbalance"
html_static_path = ["source/_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_last_updated_fmt = None
html_permalinks = True
html_theme_options = {
    "logo": {"text": "mlbalance"},
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "show_prev_next": True,
    "show_toc_level": 1,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "tango",
    "pygments_dark_style": "monokai",
}
html_sidebars = {"index": [], "start": [], "references": []}

sphinx_gallery_conf = {
    "examples_dirs": [str(ROOT / "docs/examples")],
    "gallery_dirs": ["examples"],
    "filename_pattern": "/plot_",
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 10**6,
    "write_computation_times": False,
    "remove_config_comments": True,
    "abort_on_example_error": True,
    "matplotlib_animations": False,
    "image_scrapers": ("matplotlib",),
    "reset_modules": ("matplotlib",),
    "reset_modules_order": "before",
    "plot_gallery": os.environ.get("GALLERY", "True"),
}
