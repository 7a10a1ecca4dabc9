"""Static files with hashed names, ES module imports included."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ManifestStorage(CompressedManifestStaticFilesStorage):
    # Modules import each other by relative path; the hashed names must be written into them.
    support_js_module_import_aggregation = True
    # A page must not fail because one image is absent from the manifest.
    manifest_strict = False
