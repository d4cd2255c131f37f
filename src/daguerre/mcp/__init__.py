"""Daguerre for agents: a server of the Model Context Protocol (https://modelcontextprotocol.io).

``folders`` says which files it touches, ``tools`` what it can do, ``server`` speaks the protocol, ``run`` carries it
over standard input and output or HTTP.
"""
