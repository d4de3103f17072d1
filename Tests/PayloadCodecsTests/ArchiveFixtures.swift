/// Archives written by other programs, as base64: GNU tar 1.34 (`gnu`, `pax`, `ustar`, `v7`; the
/// first two with a sparse file) and Python 3.11 tarfile (`pypax`, `pygnu`).
enum ArchiveFixtures {
  static let gnu = """
    H4sIAAAAAAACA+3bS2+bQBSGYbrtr0Bel8vcGKlSpe6bXZdVFyjQmMQ2FhDVVdX/XkgbtcIEy1EG2+F9FjZiolji5HzD\
    THAYec7FLWvMw3ur/z5wbBMjPd94E7ivm7Tyfa8qy2bs5w6NX6gwyooqv27K6kfwvWiWQRqsys1NsEnXeRCL6CT1F0ao\
    hPqfQ/3HRmXkqP5Saqmo//nXf2xURc+vv7VCUP9p6h9GH6/aql0VmzuH83+i9ZP1F1b18l8ksfb8K+p/0f0/NqojDzOp\
    /9H5r4TWhvyfS/5LJfr5b6wl/193/o+NGmYH8p/8n0v+J3bv/l/E5P+c839sNGF2IP/p/1eT/0oM7P+Q/+T/k/n/rVjl\
    jwPdubDZNWT5Oef/WP/HsdnPf+n5Mf3vXJbn27e0wYz7f5lWWbByN/sfnv9jqfvzP/0/kXWZ3a/yMN9ty6qp/Q/+l6/E\
    waz6v9hk+S68rb3T9f/e8z9Kqnb9J6YIJ9Z/Z7D/Z/bXf239P5H/zm0uEKn9kv3/sGRzfv9nrT1i/8/GJvF8OcUfE/nP\
    /39mXX9mgHnnv/tqHbz/F73nf5S23f4/63/3utm/269l0T/X/t+m13fpTR7e1qWjXD3Y/6o//0uh6f9J/Fx03b94v9gt\
    3i3WabFpDx93hBa/SIUZ9H+xzd1+xvH7f7GR7fovof8nqH+9LKvG6QbA0et/oZQS7frf/dY09Y/qbVrV+en6Pxn8/me3\
    /v88i/7/cwf0/xUR/46T4fNCiOHzVu6df9O96r+XdvDTpZGDv00levC8HuhZAACAl5JyCQAAAAAAAAAAJ8D+NACA+QkA\
    AAAALte6yLgIAAAAAAAAAAAAAODx/ClAfwMAAAAAAAAAAAAAAAAAAAAAAAB4jt+zXXWsAMgAAA==
    """
  static let pax = """
    H4sIAAAAAAACA+3dzY/qVBjH8a75KxrWUs57qQlbdWVMjCvjohnqnc7lLYUbUeP/bstcnLHVzpRLD2/fz4amhwkZDs/v\
    aU9LiMY/pLvvsnSWFZtxFPRClJwx+8dS/VGIWL9sV/ul0NIF4S7w4NNmmxblywf3SYsw3eaLbCrjxCrlEqEiqU05XcKq\
    gUrCh8aoElo5NxkEuH7RuP/X2Je4tf9f//VtKaVVQWh91n+xWm3bnvfWeP2fu5r5f5X/s7zIHrar4vfRb/n2cZSO5qvl\
    h9EyXWQjIfvMf1Obf2sM+X8B+V+ONvNfTFyS6ETRAG4i/1uL/iTdoXv+O6Md+X8J8//O7qBOmv9KxVqT/+Q/zl3/rUX/\
    zu7QOf+VjpUm/y9//t/ZHbrmvxbCcvxP/uPC679tVI+Pzn8tlZTk/7XP/6E7vJX/utH/4+rp5L8HUqtwnW4fp31+ENpG\
    zXhAD7rN+j+Mds9/FRtL/t/S/Lfmv3aN4/+q/5P/HvLfnT3/20Yt3YH8J/9vPP//Y/1Hsv7vJ/+TC8//tlFHdyD/yf9r\
    z3+jRCP/BfnvhZJXnf+/5vPsMFDti7a7LT3hyupfCNvMfxWEgvzv3SzL1hwI3fPx36tr+I9pMRvN8+XH075G9/t/leD+\
    Lz+O6JVSx7bslpw/3Ub991T0XepfNeqf/u/JYjX7NM+ibLdeFdtNOA1//oW6vtf+ny9n2S562viu/0b/l7Hg/g/6PzzU\
    f09F36X+G9//MVbbIJQ+Dk74/udL/u9Xb/yf/+nYNc7/HPd/eCETE1Yzvl8DXl6hAR3sy+q/p6Kv1X8cx+/PfyN09f0P\
    5ePzQ/6/5H9Pb3H3+z90+Qfkv5/8/+f6392kv9JCyYkk/ff13/8kvXn8L2Wt/p0qH1j/86Dq/tX1WoqB9b/xOn34mH7I\
    oqfNannW9T9llaX/X+r6H/3zluq/p6LvUv86rtW/Lj9+9H8f/hxW3X/49XA3/Gq4SPNluXlYER7+RYnfV//P19k56r95\
    /U/KmP5/tv4v2/v/YZTquYn+30/Rd6n/xvU/JZQLQkf/95v/m8dVsT39tYAjzv+U5f4Pzv/gof57Kvpa/Xe6/lceYWgZ\
    hKr/W1PI/3/l/zotNlkv89+W/8rUf/9BGsv6nxdKhd9+/1P0PPPRIn1aFVM5qO3Nl+VeMVCT13urdYNp9PkzM9Dy9ViR\
    pfNN/kfZN4SZ2Ngdc5lOC04zfNR/OW0/7mftm3yeRdVPr8QnDoL2+neymf/WWNb/vIgHyUQLMzAicQOZOCcmz9sqScRh\
    2yRJLNXztkucVuJ5O0kSow5/+7nSBfUKAAC+TMpbAAAAAAAAAAA4A9anAQD0JwAAAAC4Xot8xpsAAAAAAAAAAAAAAAH3\
    nwLUNwAAAAAAAAAAAAAAAAAAAAAAAIBj/A0cFf8xAPAAAA==
    """
  static let ustar = """
    H4sIAAAAAAACA+2Y3WqDMBSAc72nEK/nT/5hsCcZu5Cata5qRFPmGHv3pYXeWJZhabTO890keIQgn+ckOXGCvJNaJOen\
    0TIcL+cYY05QwNEEHDqTtXb5Vmvjeu+v+PDjFkKc5EWrNka3n9FHYXZRFpW63kZ1Vqkoxck8/gWjAvzfg39XlCSe/BMq\
    CQX/9+/fFaXJ1f4pJhiD/ylwGWQ3OhuM9y8YWbp/j4k1lX8+l39GJQb/vxdWZ9Lezr+Yyz/HJCXg/zr/zigf5/+tKNU5\
    cHwWm95c518w5vDPB/6ZFNZ/Cv79+1eqeUDAWomTXdbmUVnUe6/9H2f+Eza4/xPJlp7/C6HS+aFUseob3ZoueA5eXqEc\
    rCr/izpXffzeofny/6L/xzjlKMBTFKfV93+abLPPtsr+AbqeyT+VA/+UsRTq/xR8hceDYfgU9uFjWGVFbafnihB+w1bw\
    /+t/UzTK7xrj67+9/gsUCMj/Cfx3O3vy87rHnvo/Uo7Z/wXFKCD+jyar9w8AAAAAwPr4ATBZHRwAKAAA
    """
  static let v7 = """
    H4sIAAAAAAACA+3VwYrCMBSF4ax9ipK1SlKjgYF5ksFFsEGrNpV2BgqD724qiNiF6KKK+n+bXLJL7j3Jzi02bunH67oM\
    oicqmhlzXKPuqtTEnut2XyttjUjEK+ke7kX8y+AKL79kI4eycHmIZR4y38SJkPuBwHs79brvaFzNf2ou86/sxFjy/whF\
    mf1t/dg3u7L6rZPv5GdO6D/IylXZaJuHzTPz3621TnX8//UjHqcPz3+9irnveQDa+7DW3tN/Y6YiSek/AAAAAAAAAAAA\
    ANzsAIG+8WcAKAAA
    """
  static let pypax = """
    H4sIAAAAAAACA+3YwU6EMBAG4J59CsLddlpoa0wMHj36Cl1odF1lCcWV1fhAnnwBb7yYsAeNaGLWUGTDfBxouEzI5O8U\
    CpOuzJWlN26dE0+gpeJ4d2/17wBcfq675xyE0CQAMoJ7V5myLU/m6SnMzZ0NT8NiGz4TNDeUMrtZ3nqt8Wv+gX/NP2iI\
    OOZ/DDVGYNaYWTjfNfbPv5IQYf7HsMUIzHv+M8rOL019YU1mS3/5/yH3H5kXGr6d/3lMghrz7x0/iYPCVNdnzVvevKbr\
    zB43L9O+aFVXR5jcYSR5smt6MrCuSX+e/4JrATj/x/CIEZj5/F8wSln6v+f//lopjd//o8jsxnuN/fuvldYkiA6p//2X\
    OxDWpdPrP+cgJQlEuzF1/yerlBXGuYcM8z98/pclm17+lezOfxL3f4QQQgghhBAazDvstUCfACgAAA==
    """
  static let pygnu = """
    H4sIAAAAAAACA+3Zz06DMADH8T5Kw93+GaVNPO0BeIkOmgWnQFacm8YH8uQLeOPFBA8aiYmZWRHC78OBhktDmi8lUNts\
    Z7eO3fiqJIGIjlbq49wZnoWQyde4vy6F1IZQQUZw7xu7p5Qs1FNU2jsXXUf1KXomsDSMcXcoboPO8Wv/Qn7vX2hjJPof\
    wxEJLBq3Gx96jj/0r1SM/sdwQgLL3v854+u0KrdpUe4C9v9D95/NrxIz6N8Y3e3/KfoPrn0r29esyt1V+zLtgzXHBr3O\
    cf3P3v8TESu8/4/iEQksfP/fcMZ49r/v/8Ox1jH6H0XuDsHnOH/9jY4NofGc1n94czPhfDa99Zey/yVAV92Dqf8+2WS8\
    tt4/5Oj/8v0Xez69/rXSgtAEz38AAAAAAICLeQe7edlfACgAAA==
    """
}
