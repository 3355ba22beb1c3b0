"""Container images without a container engine or a registry: packed from environments and programs of this machine.

What is packed corresponds, step by step, to the Containerfiles in bootstrap/images; its README has the table.
"""
