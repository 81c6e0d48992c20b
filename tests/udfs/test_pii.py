"""Personal data: what is masked and what is left alone. Not here: `test_pii_kernels`."""

import ipaddress
import random

import pytest

from tests.udfs.test_pii_kernels import DEFINED, assert_same
from udfs.text.cuts import pii
from udfs.text.edits import Edit, apply
from udfs.text.page import Page
from udfs.text.rules import Cut


def _found(name, text, **arguments):
    """What the definition finds; the compiled twin must find the same."""
    assert_same(text)
    return [text[start:end] for start, end, _ in DEFINED[name](Page(text), **arguments)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Write to jo.e+x@mail.example.com.", ["jo.e+x@mail.example.com"]),
        ("<mailto:o'neil@example.org>, 'joe@example.org'", ["o'neil@example.org", "joe@example.org"]),
        ("email=joe@example.co.uk&x=1", ["joe@example.co.uk"]),
        ("请联系abc@example.com谢谢", ["abc@example.com"]),
        ("müller@example.de", ["müller@example.de"]),
        ("a@example.com,b@example.com", ["a@example.com", "b@example.com"]),
        ("see..joe@example.com-- x", ["joe@example.com"]),
        ("joe@example.com.1", ["joe@example.com"]),
        ("x" * 64 + "@example.com", ["x" * 64 + "@example.com"]),
        ("x" * 65 + "@example.com", []),
        ("icon@2x.png @joe joe@home joe@1.2.3.4 joe.@x.org a@-x.org", []),
        ("https://example.com/@joe/x a @ b.com joe@ example.com", []),
        ("a@b.c a@" + "x" * 64 + ".org", []),
    ],
)
def test_email_addresses(text, found):
    assert _found("email_addresses", text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from 81.2.69.142.", ["81.2.69.142"]),
        ("http://81.2.69.142:80/x 81.2.69.142/24 root@81.2.69.142", ["81.2.69.142"] * 3),
        ("81.2.69.1-81.2.69.9", ["81.2.69.1", "81.2.69.9"]),
        ("地址81.2.69.142。", ["81.2.69.142"]),
        ("version 81.2.69.142, v81.2.69.142, v. 81.2.69.142, Version: 81.2.69.142, § 81.2.69.142", []),
        ("lib-81.2.69.142.tar.gz Chrome/81.2.69.142 81.2.69.142-beta 81.2.69.142.in-addr.arpa", []),
        ("1.81.2.69.142 81.2.69.256 081.2.69.142 81.2.69.1420 81.2.69", []),
        ("Section 3.1.2.40 and Lucee 5.3.6.61", []),  # three numbers below 20
        ("5.3.20.61", ["5.3.20.61"]),
        ("192.168.0.1 10.0.0.7 127.0.0.1 203.0.113.9 224.0.0.1", []),
    ],
)
def test_ipv4_addresses(text, found):
    assert _found("ipv4_addresses", text) == found


def test_private_addresses_are_masked_when_all_are_asked_for():
    assert _found("ipv4_addresses", "192.168.0.1 and 10.0.0.7", which="all") == ["192.168.0.1", "10.0.0.7"]
    assert _found("ipv6_addresses", "fe80::1:2%eth0, fc00::12:1", which="all") == ["fe80::1:2", "fc00::12:1"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2a00:1450:4009:81f::200e.", ["2a00:1450:4009:81f::200e"]),
        ("IP:2a00:1450:4009:81f:0:0:0:200e", ["2a00:1450:4009:81f:0:0:0:200e"]),
        ("[2a00::12]:80, 2a00:1450::: x", ["2a00::12"]),
        ("2a00:1450::7: up", ["2a00:1450::7"]),
        ("12:30:45 00:1a:2b:3c:4d:5e a0:11:22:33:44:55:66:77 1:2:3:4:5:6:7:8", []),
        ("dead::beef a::b Face::add std::add 1::2 ::1 ::", []),
        ("fe80::1:2 2001:db8::1:2 ff02::1:3", []),
        ("2a00:1450:4009:81f:0:0:0:200e:1 2a00:14505::1:2", []),
    ],
)
def test_ipv6_addresses(text, found):
    assert _found("ipv6_addresses", text) == found


def test_public_addresses_are_those_of_the_standard_library():
    chance = random.Random(1)
    firsts = [(a, b, chance.randrange(256)) for a in range(256) for b in range(256)]
    firsts += [(192, 0, c) for c in range(256)] + [(198, 51, c) for c in range(256)] + [(203, 0, c) for c in range(256)]
    for a, b, c in firsts:
        address = ipaddress.ip_address(f"{a}.{b}.{c}.200")
        if (a, b, c) in {(192, 0, 0), (192, 88, 99)}:  # the library's lists have not all of IANA's in each version
            assert not pii.is_public_v4(a, b, c)
            continue
        assert pii.is_public_v4(a, b, c) == (address.is_global and not address.is_multicast), address


def test_each_mask_is_used_in_turn():
    text = "a@x.org b@x.org c@x.org"
    edits = DEFINED["email_addresses"](Page(text), masks=["email@example.com", "firstname.lastname@example.org"])
    masked = apply(text, [Edit(*edit, "mail") for edit in edits])
    assert masked == "email@example.com firstname.lastname@example.org email@example.com"
    assert [edit[2] for edit in DEFINED["email_addresses"](Page(text), masks=[])] == ["", "", ""]


@pytest.mark.parametrize(
    "iban",
    [
        "GB82 WEST 1234 5698 7654 32",
        "DE89370400440532013000",
        "NO93 8601 1117 947",
        "FR1420041010050500013M02606",
        "MT84MALT011000012345MTLCAST001S",
        "gb82west12345698765432",
        "BE68 5390 0754 7034",
    ],
)
def test_ibans(iban):
    for text in (iban, f"IBAN:{iban}.", f"账号{iban}（"):
        assert _found("ibans", text) == [iban]
    changed = iban.replace("1", "7", 1) if "1" in iban else iban.replace("0", "1", 1)
    for text in (changed, f"x{iban}", f"{iban}7", iban.replace(" ", "-") if " " in iban else iban[:-1]):
        assert _found("ibans", text) == []


def test_ibans_of_unknown_countries_and_mixed_case_are_left_alone():
    assert _found("ibans", "US82WEST12345698765432 Gb82WEST12345698765432 gb82 west 1234 5698 7654 32") == []


@pytest.mark.parametrize(
    "card",
    [
        "4111111111111111",
        "4111 1111 1111 1111",
        "5555-5555-5555-4444",
        "378282246310005",
        "3782 822463 10005",
        "6011111111111117",
        "3056 930902 5904",
        "3530111333300000",
        "2223003122003222",
        "6759649826438453",
        "4007922432985",
    ],
)
def test_card_numbers(card):
    assert _found("card_numbers", f"card:{card}, 12/29") == [card]
    assert _found("card_numbers", f"{card} 12/29") == [card]
    last = card[:-1] + str((int(card[-1]) + 1) % 10)  # a wrong check digit
    in_path = [f"/p/{card}", f"id={card}", f'"id":{card}', f"x{card}", f"{card}7", f"{card}.5", f"0.{card}"]
    for text in (last, *in_path, card.replace(" ", "  ").replace("-", "–") if len(card) > 16 else f"-{card}"):
        assert _found("card_numbers", text) == [], text


@pytest.mark.parametrize(
    "digits",
    [
        "9999999999999995",  # no issuer
        "4000000000000000",  # Luhn
        "4007431083592",  # EAN-13
        "41111111111111111",  # 17 digits
        "3528000000000",  # JCB of 13 digits
        "1234 4111 1111 1111 1111",
        "4111 1111 1111 1111 1111",
        "4111 1111-1111 1111",
    ],
)
def test_other_numbers_are_no_cards(digits):
    assert _found("card_numbers", digits) == []


def test_every_digit_of_a_card_is_checked():
    number = "4111111111111111"
    for i in range(len(number)):
        for digit in "0123456789":
            changed = number[:i] + digit + number[i + 1 :]
            assert _found("card_numbers", changed) == ([changed] if changed == number else [])


@pytest.mark.parametrize(
    ("form", "text", "found"),
    [
        ("international", "+49 (0)69 380 795 200.", ["+49 (0)69 380 795 200"]),
        ("international", "+1 (555) 234-5678 24 hours", ["+1 (555) 234-5678"]),
        ("international", "+86 18029021196/+441315100214", ["+86 18029021196", "+441315100214"]),
        (
            "international",
            "+1 555 234 567, C++20201231235, 1+234567890, +20,000,000,000, +012345678901, +45 12 34 56",
            [],
        ),
        (
            "labelled",
            "Tel.: 467 3395; FAX (08) 8747 6301; call us at 555-0123",
            ["467 3395", "(08) 8747 6301", "555-0123"],
        ),
        (
            "labelled",
            "电话：021-52921234 举报电话:8655532 Тел. 73-45-01-22",
            ["021-52921234", "8655532", "73-45-01-22"],
        ),
        ("labelled", "Phone\n60-56-85-91\n", ["60-56-85-91"]),
        ("labelled", "phone 1 2 3 4 5 6 7 8 9 10 11", ["1 2 3 4 5 6 7 8"]),  # eight groups at most
        (
            "labelled",
            "call 12/05/2023, phone 2019-2020, mobile 2020-12-31, fax 123456, call 1,234,567, tax 1234567",
            [],
        ),
        ("labelled", "recall 1234567, call the other numbers we have 1234567, call 123456a, phone 1234567b", []),
        (
            "north_american",
            "(555) 234-5678, 1-555-234-5678 555.234.5678",
            ["(555) 234-5678", "1-555-234-5678", "555.234.5678"],
        ),
        ("north_american", "555-234.5678 155-234-5678 555-134-5678 5555-234-5678 555-234-56789 $555-234-5678-9", []),
        ("north_american", "555 234 5678", ["555 234 5678"]),
        ("north_american", "1999 555 234 5678 9012, x555-234-5678, /555-234-5678, 12.555.234.5678", []),
        (
            "european",
            "030/226 343 55, 01 23 45 67 89, (0141) 338 2774",
            ["030/226 343 55", "01 23 45 67 89", "(0141) 338 2774"],
        ),
        ("european", "0049 30 2263435", ["0049 30 2263435"]),
        ("european", "01.02.2003 04, 054-28-6917, 0.123.456.789, 0123456789, 01234 567, 12 030 226 3435", []),
        ("european", "030 226 3435:5, 030 226 343 5 6 7, 5.030 226 3435", []),
    ],
)
def test_phone_numbers(form, text, found):
    assert _found("phone_numbers", text, forms=[form]) == found


def test_no_country_is_assumed():
    assert _found("phone_numbers", "555-234-5678, 030/226 343 55") == []


def test_recipes_take_lists_and_refuse_what_is_no_form():
    Cut(edit="phone_numbers", arguments={"forms": ["european"], "masks": ["x"]})
    with pytest.raises(ValueError, match="forms"):
        Cut(edit="phone_numbers", arguments={"forms": ["german"]})
