"""Outerbounds: a configuration that is kept on a server, and credentials of clouds from an auth server.

Both are objects for :mod:`mfwidgets.extensions`, as another package could have them. They do what the package
``ob-metaflow-extensions`` does, without it. Facts come from its release 1.6.35.
"""
