"""Looking at the cache of blobs, and emptying it."""

from mfwidgets.config import read_configuration
from mfwidgets.datastore.blob_cache import CacheInfo, blob_cache


def cache_info() -> CacheInfo:
    """Return what is in the cache of blobs on this machine: ``path``, ``files``, ``size`` and ``limit`` in bytes.

    It holds what was read from S3, Azure or GCS, in a folder of our own (of ``METAFLOW_CLIENT_CACHE_PATH``, else of the
    user's cache folder), up to ``METAFLOW_CLIENT_CACHE_MAX_SIZE`` mebibytes (10,000).
    """
    return blob_cache(read_configuration()).info()


def clear_cache() -> CacheInfo:
    """Empty the cache of blobs, whoever else uses it, and return what was in it; other files are left alone."""
    return blob_cache(read_configuration()).clear()
