"""Data of the English tokeniser (`udfs.text.english.words`): words with a cut of their own, words never cut, units,
currencies and classes of characters.

All lists are those of spaCy 3.8.18 (https://github.com/explosion/spaCy; MIT licence; copyright (C) 2016-2024
ExplosionAI GmbH, 2016 spaCy GmbH, 2015 Matthew Honnibal), in a form of our own. They were written by a script: from
`spacy.blank("en").tokenizer.rules` (without the rules for white space), each with its parts joined by bars, first
capitals and typographic apostrophes left out (they are made here); from the classes of `spacy.lang.char_classes`, each
tried on every code point and written as runs; and from the sentencizer's default characters. Slips in spaCy's lists
belong to its behaviour and are kept: the units "тб" and "كم" run together, a comma counts as a quotation mark.
"""

# Kept whole as they are written.
_WHOLE = r"""
' '' 'bout 'Cause 'cause 'Cos 'cos 'Coz 'coz 'Cuz 'cuz 'd 'em 'll 'nuff 're 'S 's (*_*) (-8 (-: (-; (-_-) (._.) (: (;
(= (>_<) (^_^) (o: (¬_¬) (ಠ_ಠ) (╯°□°）╯︵┻━┻ )-: ): -_- -__- ._. 0.0 0.o 0_0 0_o 8) 8-) 8-D 8D :'( :') :'-( :'-) :( :((
:((( :() :) :)) :))) :* :-( :-(( :-((( :-) :-)) :-))) :-* :-/ :-0 :-3 :-> :-] :-D :-O :-o :-P :-p :-X :-x :-| :-} :/
:0 :1 :3 :> :] :D :O :o :o) :P :p :X :x :| :} ;) ;-) ;-D ;_; ;D <.< </3 <3 <33 <333 <space> =( =) =/ =3 =[ =] =D =|
>.< >.> >:( >:o ><(((*> @_@ [-: [: [= \") \n \t ]= ^_^ ^__^ ^___^ a. a.m. Adm. Ak. Ala. and/or Apr. Ariz. Ark. Aug. b.
Bros. C++ c. Calif. Colo. Conn. Corp. d. D.C. Dec. Del. Dr. e. E.G. em f. Feb. Fla. g. Ga. Gen. Gov. h. i. I.E. Ia.
Id. Ill. Inc. Ind. j. Jan. Jr. Jul. Jun. k. Kan. Kans. Ky. l. La. ll Ltd. m. Mar. Mass. Md. Messrs. Mich. Minn. Miss.
Mo. Mont. Mr. Mrs. Ms. Mt. n. N.C. N.D. N.H. N.J. N.M. N.Y. Neb. Nebr. Nev. Nov. nuff o. o.0 o_0 Oct. Okla. Ore. p.
p.m. Pa. Ph.D. Prof. q. r. Rep. Rev. s. S.C. Sen. Sep. Sept. St. t. Tenn. u. v. v.s. V.V v.v V_V v_v Va. vs. w. w/o
Wash. Wis. x. y. z. ¯\(ツ)/¯ ä. ö. ü. ಠ_ಠ ಠ︵ಠ — ‘S ‘s
"""
# Kept whole, with a small or a capital first letter.
_WHOLE_EITHER_CASE = """
co. doin doin' e.g. goin goin' havin havin' i.e. lovin lovin' ma'am nothin nothin' nuthin nuthin' o'clock o.O o.o o_O
o_o ol ol' somethin somethin' xD xDD
"""
# Cut at the bars, as they are written.
_CUT = """
10|a.m. 10|am 10|p.m. 10|pm 11|a.m. 11|am 11|p.m. 11|pm 12|a.m. 12|am 12|p.m. 12|pm 1|a.m. 1|am 1|p.m. 1|pm 2|a.m.
2|am 2|p.m. 2|pm 3|a.m. 3|am 3|p.m. 3|pm 4|a.m. 4|am 4|p.m. 4|pm 5|a.m. 5|am 5|p.m. 5|pm 6|a.m. 6|am 6|p.m. 6|pm
7|a.m. 7|am 7|p.m. 7|pm 8|a.m. 8|am 8|p.m. 8|pm 9|a.m. 9|am 9|p.m. 9|pm y'|all y|all °|C|. °|c|. °|F|. °|f|. °|K|.
°|k|.
"""
# Cut at the bars, with a small or a capital first letter.
_CUT_EITHER_CASE = """
ai|n't ai|nt are|n't are|nt c'm|on ca|n't ca|n't|'ve can|not ca|nt ca|nt|ve could|'ve could|n't could|n't|'ve could|nt
could|nt|ve could|ve dare|n't dare|nt did|n't did|n't|'ve did|nt did|nt|ve does|n't does|n't|'ve does|nt does|nt|ve
do|n't do|n't|'ve do|nt do|nt|ve gon|na got|ta had|n't had|n't|'ve had|nt had|nt|ve has|n't has|nt have|n't have|nt
he|'d he|'d|'ve he|'ll he|'ll|'ve he|'s he|d he|d|ve he|ll|ve he|s how|'d how|'d|'ve how|'d|'y how|'ll how|'ll|'ve
how|'re how|'s how|'ve how|d how|d|ve how|ll how|ll|ve how|re how|s how|ve i|'d i|'d|'ve i|'ll i|'ll|'ve i|'m i|'m|a
i|'ve i|d i|d|ve i|ll|ve i|m i|m|a is|n't is|nt it|'d it|'d|'ve it|'ll it|'ll|'ve it|'s it|d it|d|ve it|ll it|ll|ve
i|ve let|'s may|n't may|n't|'ve may|nt may|nt|ve might|'ve might|n't might|n't|'ve might|nt might|nt|ve might|ve
must|'ve must|n't must|n't|'ve must|nt must|nt|ve must|ve need|n't need|n't|'ve need|nt need|nt|ve not|'ve not|ve
ought|n't ought|n't|'ve ought|nt ought|nt|ve sha|n't sha|n't|'ve sha|nt sha|nt|ve she|'d she|'d|'ve she|'ll
she|'ll|'ve she|'s she|d|ve she|ll|ve she|s should|'ve should|n't should|n't|'ve should|nt should|nt|ve should|ve
that|'d that|'d|'ve that|'ll that|'ll|'ve that|'s that|d that|d|ve that|ll that|ll|ve that|s there|'d there|'d|'ve
there|'ll there|'ll|'ve there|'re there|'s there|'ve there|d there|d|ve there|ll there|ll|ve there|re there|s there|ve
these|'d these|'d|'ve these|'ll these|'ll|'ve these|'re these|'ve these|d these|d|ve these|ll these|ll|ve these|re
these|ve they|'d they|'d|'ve they|'ll they|'ll|'ve they|'re they|'ve they|d they|d|ve they|ll they|ll|ve they|re
they|ve this|'d this|'d|'ve this|'ll this|'ll|'ve this|'s this|d this|d|ve this|ll this|ll|ve this|s those|'d
those|'d|'ve those|'ll those|'ll|'ve those|'re those|'ve those|d those|d|ve those|ll those|ll|ve those|re those|ve
was|n't was|nt we|'d we|'d|'ve we|'ll we|'ll|'ve we|'re we|'ve we|d we|d|ve we|ll|ve were|n't were|nt we|ve what|'d
what|'d|'ve what|'ll what|'ll|'ve what|'re what|'s what|'ve what|d what|d|ve what|ll what|ll|ve what|re what|s what|ve
when|'d when|'d|'ve when|'ll when|'ll|'ve when|'re when|'s when|'ve when|d when|d|ve when|ll when|ll|ve when|re when|s
when|ve where|'d where|'d|'ve where|'ll where|'ll|'ve where|'re where|'s where|'ve where|d where|d|ve where|ll
where|ll|ve where|re where|s where|ve who|'d who|'d|'ve who|'ll who|'ll|'ve who|'re who|'s who|'ve who|d who|d|ve
who|ll who|ll|ve who|s who|ve why|'d why|'d|'ve why|'ll why|'ll|'ve why|'re why|'s why|'ve why|d why|d|ve why|ll
why|ll|ve why|re why|s why|ve wo|n't wo|n't|'ve wo|nt wo|nt|ve would|'ve would|n't would|n't|'ve would|nt would|nt|ve
would|ve you|'d you|'d|'ve you|'ll you|'ll|'ve you|'re you|'ve you|d you|d|ve you|ll you|ll|ve you|re you|ve
"""


def _exceptions() -> dict[str, tuple[str, ...]]:
    lower = [tuple(word.split("|")) for word in _CUT_EITHER_CASE.split()] + [
        (word,) for word in _WHOLE_EITHER_CASE.split()
    ]
    parts = [tuple(word.split("|")) for word in _CUT.split()] + [(word,) for word in _WHOLE.split()]
    parts += lower + [(first[0].upper() + first[1:], *others) for first, *others in lower]
    parts += [tuple(part.replace("'", "’") for part in word) for word in parts]
    return {"".join(word): word for word in parts}


EXCEPTIONS = _exceptions()
"""Every exception and its parts, in order; one part where it is kept whole."""

_UNITS = """
km km² km³ m m² m³ dm dm² dm³ cm cm² cm³ mm mm² mm³ ha µm nm yd in ft kg g mg µg t lb oz m/s km/h kmh mph hPa Pa mbar
mb MB kb KB gb GB tb TB T G M K % км км² км³ м м² м³ дм дм² дм³ см см² см³ мм мм² мм³ нм кг г мг м/с км/ч кПа Па мбар
Кб КБ кб Мб МБ мб Гб ГБ гб Тб ТБ тбكم كم² كم³ م م² م³ سم سم² سم³ مم مم² مم³ كم غرام جرام جم كغ ملغ كوب اكواب
"""
UNITS = frozenset(_UNITS.split())
"""Units that are cut off after a digit."""

_CURRENCIES = "A$ C$ US$ $ £ ¥ ฿ ₠ ₡ ₢ ₣ ₤ ₥ ₦ ₧ ₨ ₩ ₪ ₫ € ₭ ₮ ₯ ₰ ₱ ₲ ₳ ₴ ₵ ₶ ₷ ₸ ₹ ₺ ₻ ₼ ₽ ₾ ₿ ﷼"
CURRENCIES = frozenset(_CURRENCIES.split())
"""Signs of currencies: cut off in front of anything and after a digit."""

PUNCTUATION = frozenset("!#&()*,:;<>?[]_{}¡·¿،؛؟٪۔।…、。！，：；？～")
"""Signs that are cut off on both sides of a word."""

QUOTES = frozenset("\"',`«´»‘’‚“”„〈〉⟦⟧〈〉《》「」『』【】〔〕（）")
"""Quotation marks and brackets, cut off on both sides; spaCy counts the comma among them."""

SENTENCE_ENDS = frozenset(
    "!.?։؟۔܀܁܂߹।॥၊။።፧፨᙮᜵᜶᠃᠉᥄᥅᪨᪩᪪᪫᭚᭛᭞᭟᰻᰼᱾᱿‼‽⁇⁈⁉⸮⸼。꓿꘎꘏꛳꛷꡶꡷꣎꣏꤯꧈꧉꩝꩞꩟꫰꫱꯫﹒﹖﹗！．？｡𐩖"
    "𐩗𑁇𑁈𑂾𑂿𑃀𑃁𑅁𑅂𑅃𑇅𑇆𑇍𑇞𑇟𑈸𑈹𑈻𑈼𑊩𑑋𑑌𑗂𑗃𑗉𑗊𑗋𑗌𑗍𑗎𑗏𑗐𑗑𑗒𑗓𑗔𑗕𑗖𑗗𑙁𑙂𑜼𑜽𑜾𑩂𑩃𑪛𑪜𑱁𑱂𖩮𖩯𖫵𖬷𖬸𖭄𛲟𝪈"
)
"""Tokens of one such character end a sentence (default of spaCy's sentencizer)."""


def _characters(runs: str) -> frozenset[str]:
    """The characters of runs of code points: `first`, `first-last` or `first-last/step`, in hexadecimal."""
    found: set[str] = set()
    for run in runs.split():
        bounds, _, step = run.partition("/")
        first, _, last = bounds.partition("-")
        found.update(map(chr, range(int(first, 16), int(last or first, 16) + 1, int(step or "1"))))
    return frozenset(found)


_CASELESS = _characters("""
591-5f4 620-64a 66e-6d5 6e5-6ff 750-77f 8a0-8bd 900-9ff b80-cff d80-dff 1100-137f 2e80-2fdf 2ff0-30ff 31c0-31ef
3200-4dbf 4e00-9fff ac00-d7af f900-faff fb1d-fbb1 fbd3-fd3d fd50-fdc7 fdf0-fdfb fe30-fe4f fe70-fefc 1ee00-1eebb
1f200-1f2ff 20000-2a6df 2a700-2ebef 2f800-2fa1f
""")
LOWER = _CASELESS | _characters("""
61-7a df-f6 f8-ff 101-137/2 138-148/2 149-177/2 17a-17e/2 17f-180 183 185 188 18c-18d 192 195 199-19b 19e 1a1-1a5/2
1a8 1aa-1ab 1ad 1b0 1b4 1b6 1b9-1ba 1bd-1bf 1c6 1c9 1cc-1dc/2 1dd-1ef/2 1f0 1f3 1f5 1f9-233/2 234-239 23c 23f-240 242
247-24f/2 250-2af 3ac-3af 3b1-3c9 3cc-3ce 430-451 453-45a 45c-45d 491 497 4a3 4af 4bb 4d9 4e9 1d00-1d25 1d6b-1d77
1d79-1d9a 1e01-1e95/2 1e96-1e9d 1e9f-1eff/2 2c61 2c65-2c66 2c68-2c6c/2 2c71 2c73-2c74 2c76-2c7b a723-a72f/2 a730-a731
a733-a771/2 a772-a778 a77a a77c a77f-a787/2 a78c a78e a791 a793-a795 a797-a7a9/2 a7af a7b5-a7b9/2 a7fa ab30-ab5a
ab60-ab64 ff41-ff5a
""")
"""Small letters, and all characters of scripts without case."""

UPPER = _CASELESS | _characters("""
41-5a c0-d6 d8-de 100-136/2 139-147/2 14a-178/2 179-17d/2 181-182 184 186-187 189-18b 18e-191 193-194 196-198 19c-19d
19f-1a0 1a2-1a6/2 1a7 1a9 1ac 1ae-1af 1b1-1b3 1b5 1b7-1b8 1bc 1c4 1c7 1ca 1cd-1db/2 1de-1ee/2 1f1 1f4 1f6-1f8
1fa-232/2 23a-23b 23d-23e 241 243-246 248-24e/2 386 388-38a 38c 38e-38f 391-3a9 400-401 403-40a 40c-40d 410-42f 490
496 4a2 4ae 4ba 4d8 4e8 1e00-1e94/2 1e9e-1efe/2 2c60 2c62-2c64 2c67-2c6d/2 2c6e-2c70 2c72 2c75 2c7e-2c7f a722-a72e/2
a732-a76e/2 a779-a77d/2 a77e-a786/2 a78b a78d a790 a792 a796-a7aa/2 a7ab-a7ae a7b0-a7b4 a7b6 a7b8 ff21-ff3a
""")
"""Capital letters, and all characters of scripts without case."""

ALPHA = LOWER | UPPER | _characters("1bb 1c5 1c8 1cb 1f2")
"""Letters of either case and of none; not all letters of Unicode."""

SYMBOLS = _characters("""
a6 a9 ae b0 482 58d-58e 60e-60f 6de 6e9 6fd-6fe 7f6 9fa b70 bf3-bf8 bfa c7f d4f d79 f01-f03 f13 f15-f17 f1a-f1f
f34-f38/2 fbe-fc5 fc7-fcc fce-fcf fd5-fd8 109e-109f 1390-1399 1940 19de-19ff 1b61-1b6a 1b74-1b7c 2100-2101 2103-2106
2108-2109 2114 2116-2117 211e-2123 2125-2129/2 212e 213a-213b 214a 214c-214d 214f 218a-218b 2195-2199 219c-219f
21a1-21a2 21a4-21a5 21a7-21ad 21af-21cd 21d0-21d1 21d3 21d5-21f3 2300-2307 230c-231f 2322-2328 232b-237b 237d-239a
23b4-23db 23e2-2426 2440-244a 249c-24e9 2500-25b6 25b8-25c0 25c2-25f7 2600-266e 2670-2767 2794-27bf 2800-28ff
2b00-2b2f 2b45-2b46 2b4d-2b73 2b76-2b95 2b98-2bc8 2bca-2bfe 2ce5-2cea 2e80-2e99 2e9b-2ef3 2f00-2fd5 2ff0-2ffb 3004
3012-3013 3020 3036-3037 303e-303f 3190-3191 3196-319f 31c0-31e3 3200-321e 322a-3247 3250 3260-327f 328a-32b0
32c0-32fe 3300-33ff 4dc0-4dff a490-a4c6 a828-a82b a836-a837 a839 aa77-aa79 fdfd ffe4 ffe8 ffed-ffee fffc-fffd
10137-1013f 10179-10189 1018c-1018e 10190-1019b 101a0 101d0-101fc 10877-10878 10ac8 1173f 16b3c-16b3f 16b45 1bc9c
1d000-1d0f5 1d100-1d126 1d129-1d164 1d16a-1d16c 1d183-1d184 1d18c-1d1a9 1d1ae-1d1e8 1d200-1d241 1d245 1d300-1d356
1d800-1d9ff 1da37-1da3a 1da6d-1da74 1da76-1da83 1da85-1da86 1ecac 1f000-1f02b 1f030-1f093 1f0a0-1f0ae 1f0b1-1f0bf
1f0c1-1f0cf 1f0d1-1f0f5 1f110-1f16b 1f170-1f1ac 1f1e6-1f202 1f210-1f23b 1f240-1f248 1f250-1f251 1f260-1f265
1f300-1f3fa 1f400-1f6d4 1f6e0-1f6ec 1f6f0-1f6f9 1f700-1f773 1f780-1f7d8 1f800-1f80b 1f810-1f847 1f850-1f859
1f860-1f887 1f890-1f8ad 1f900-1f90b 1f910-1f93e 1f940-1f970 1f973-1f976 1f97a 1f97c-1f9a2 1f9b0-1f9b9 1f9c0-1f9c2
1f9d0-1f9ff 1fa60-1fa6d
""")
"""Other symbols (pictographs, dingbats, signs): each is a token of its own."""
