"""A workspace with a file of notes, by the SDK of Steamship.

    wavetank sweep -- python Tests/Examples/sweep/steamship_notes.py
"""

from steamship import Block, File, Steamship

client = Steamship(workspace="notes")
file = File.create(client, handle="notes", blocks=[Block(text="hello"), Block(text="again")])
print(len(File.get(client, handle=file.handle).blocks), "notes")
