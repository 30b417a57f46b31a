"""Prints N addresses, made by chance from pieces after some that are chosen, as records with what Django says of them."""
import json
import random
import sys

from django.conf import settings

settings.configure()
from django.core.exceptions import ValidationError  # noqa: E402
from django.core.validators import validate_email  # noqa: E402

CHOSEN = r"""a@b.cd a a@ @b.cd a@b a@b.c a@B.CD User+tag@Example.COM a@localhost a@LOCALHOST a@Localhost x@y@z.de a@b..cd a@-b.cd
a@b-.cd .a@b.cd a.@b.cd a..b@c.de a@b_c.de a@[1.2.3] a@[1.2.3.4] a@[01.2.3.4] a@[1.2.3.256] a@[::1] a@[::] a@[1::] a@[::1::] a@[1:2]
a@[1:2:3:4:5:6:7:8] a@[1:2:3:4:5:6:7::] a@[1:2:3:4:5:6:7:8:9] a@[::ffff:1.2.3.4] a@[1:2:3:4:5:6:1.2.3.4] a@[1:2:3:4:5:6:7:1.2.3.4]
a@[::FFFF:127.0.0.1] a@[::1.2.3.256] a@[::1.2.3.4:1] a@[12345::] a@[::1:1.2.3.4] a@[1.2.3.4::] a@[::2:3:4:5:6:7:8] a@[1::3:4:5:6:7:8] a@[1::2:3:4:5:6:7:8] a@[0000:0000:0000:0000:0000:ffff:255.255.255.255] a@[::ffff:01.2.3.4] a@b.12 a@1.de a@xn--mller-kva.de
a@de.xn--p1ai a@müller.de a@MÜLLER.DE é@b.cd a@b.éé a@日本.jp "a"@b.cd "a~b"@b.cd "a\\~b"@b.cd "a\\"@b.cd "a\\\\"@b.cd "@b.cd
o'brien@b.cd a@b.c-d a@b.-d a@b.d- a@64.de a@63.de 64@b.cd a@64"""
PIECES = list("aZ09.-_@\"\\ []:%+'") + ["::", "1.2.3.4", "localhost", "xn--", ".com", ".de", "\u00e9", "\u00dc", "\u00a0", "\u00a1",
                                          "\uffff", "\U0001f600", "\n", "\t", "\x7f", "\x01", "@b.cd", "a@", "255", ":1", "a" * 63]


def says(address):
    try:
        validate_email(address)
    except ValidationError:
        return False
    return True


def addresses(count):
    for word in CHOSEN.split():
        yield word.replace("~", " ").replace("64", "a" * 64).replace("63", "a" * 63)
    for _ in range(count):
        yield "".join(random.choice(PIECES) for _ in range(random.randint(1, 9)))
        yield "a@" + "".join(random.choice(PIECES) for _ in range(random.randint(1, 6)))
        yield "".join(random.choice(PIECES) for _ in range(random.randint(1, 5))) + "@b.cd"


random.seed(sys.argv[2])
for address in addresses(int(sys.argv[1])):
    if len(address) < 254:
        print(json.dumps({"kind": "user", "email": address, "full_name": "X", "valid": says(address)}))
