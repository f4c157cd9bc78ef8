"""The caches on this machine, together: blobs of clouds, and what is remembered about runs."""

from contextlib import suppress
from dataclasses import replace

from mfwidgets.config import read_configuration
from mfwidgets.datastore.blob_cache import CacheInfo, blob_cache
from mfwidgets.index.deployments import clear_indexes, count_runs, index_files, index_folder


def cache_info() -> CacheInfo:
    """Return what is kept on this machine: blobs from S3, Azure and Google Cloud Storage, and facts about runs.

    Both are in a folder named ``mfwidgets`` in ``METAFLOW_CLIENT_CACHE_PATH``, otherwise in the user's cache folder. The
    limit of blobs is ``METAFLOW_CLIENT_CACHE_MAX_SIZE`` mebibytes, 10,000 by default. The facts have at most 500
    mebibytes. ``options.remember = False`` keeps none. Costs a listing of the folder.

    Returns
    -------
    CacheInfo
        The path of the folder, the number of files, the size and limit in bytes, the number of remembered runs and the
        size of these facts.

    Examples
    --------
    >>> cache_info().files
    0
    """
    configuration = read_configuration()
    folder = index_folder(configuration)
    runs, size = count_runs(folder), 0
    for file in index_files(folder):
        with suppress(OSError):
            size += file.stat().st_size
    return replace(blob_cache(configuration).info(), runs=runs, runs_size=size)


def clear_cache() -> CacheInfo:
    """Remove all blobs, all that is remembered about runs, and compiled templates. Other files are left alone.

    Costs a listing of the folder and the removal of each file.

    Returns
    -------
    CacheInfo
        The content of the cache before.

    Examples
    --------
    >>> clear_cache().files
    0
    """
    from mfwidgets.render.template_cache import clear_templates, template_folder  # imports the template engine

    before, configuration = cache_info(), read_configuration()
    blob_cache(configuration).clear()
    clear_indexes(index_folder(configuration))
    clear_templates(template_folder())
    return before
