"""Releases: the archive, made and judged; their folders on a server, and their libraries; begin with `releases`."""
