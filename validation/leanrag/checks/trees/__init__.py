"""Schemas of kinds whose module nobody serves, and of older releases: compact field trees of our own.

One `<group>.yaml` a group of kinds, written from the sources that it names; `windows.yaml` says which parts of the
served CRDs an older OpenShift AI does not have. The notation is that of `notation.py`; a key may carry the releases
that have it:

    ogx 3.5+: …           from 3.5 on
    resources -3.1: …     until 3.1
    gateway 3.3-3.3: …    only in 3.3

`$cel` holds rules [rule, message]; `$default`, `$nullable` and `$open` (unknown fields are kept) belong to an object,
`$keys`, `$min` and `$max` to the list whose item it is; `$map` is what every value of a map looks like, and `$type` a
word with rules. What several objects share is a YAML anchor under `shared:`.
"""
