"""The look of the report, beyond that of the explained page, whose colours it shares."""

REPORT_CSS = """
h1{font-size:1.5rem}h3{font-size:1rem;margin:1.4rem 0 .3rem}.url,.excerpt{overflow-wrap:anywhere}
main section>*{margin-block:.7rem}main section>h2{margin:2.2rem 0 .5rem}
nav ul{list-style:none;padding:0;margin:1rem 0 0;display:flex;flex-wrap:wrap;gap:.3rem 1.1rem}nav li{margin:0}
.tiles{display:grid;grid-template-columns:repeat(5,1fr);gap:.6rem;margin:1rem 0}
.tiles div{border:1px solid var(--rule);border-radius:.4rem;padding:.5rem .8rem;display:flex;
 flex-direction:column-reverse}
.tiles dd{margin:0;font-size:1.45rem;font-weight:600;line-height:1.2;font-variant-numeric:tabular-nums}
.tiles dt{color:var(--faint);font-size:.9rem}
.wide{overflow-x:auto}.wide table{font-size:.9rem;width:auto;min-width:min(100%,20rem)}
.wide th,.wide td{padding:.2rem 1.1rem .2rem 0;overflow-wrap:normal}.wide th[scope=row]{font-weight:400}
.wide td:last-child,.wide th:last-child{padding-inline-end:.2rem}.wide td bdi{overflow-wrap:anywhere;
 display:inline-block;min-width:13rem;max-width:40rem}
th.number{text-align:end}.wide td.number,.wide th[scope]{white-space:nowrap}caption{padding:.2rem 0}
a.how{font-size:.85em}.plots{display:grid;gap:1.5rem;grid-template-columns:repeat(auto-fit,minmax(min(21rem,100%),1fr))}
.plots.small{gap:.8rem 1.2rem;grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr))}
figure{margin:0}figure.beside{display:grid;gap:1rem 2.5rem;
 grid-template-columns:minmax(0,25rem) minmax(0,1fr);align-items:start}
@media(max-width:62rem){figure.beside{grid-template-columns:minmax(0,1fr)}}
.lakes figure.beside{grid-template-columns:minmax(0,1fr)}
figcaption{font-weight:600;margin-bottom:.3rem}
.plots.small figcaption{font-weight:400;font-size:.9rem;margin:0}
svg.sankey{max-width:26rem}svg.bars{max-width:24rem}svg.columns{max-width:11rem}svg.heat{max-width:26rem}
svg .ink{fill:var(--text)}svg .faint{fill:var(--faint)}svg .grid{stroke:var(--rule);fill:none}
svg .broad{fill:var(--link);fill-opacity:.3;stroke:var(--link)}svg .narrow{fill:var(--link)}
svg .trunk{fill:var(--link);fill-opacity:.3}svg .stop{font-weight:600}svg .ribbon{fill-opacity:.45}
svg .screened,svg .lost{fill:var(--dropped)}svg .twin{fill:var(--dedup_substring)}svg .seen{fill:var(--dedup_bloom)}
svg .gone,svg .cut{fill:var(--execute)}svg .kept{fill:var(--kept)}
.legend.swatches li{display:inline-block;margin-inline-end:1.2rem}
.swatch{display:inline-block;width:1.4rem;border:1px solid var(--link);vertical-align:middle;margin-inline-end:.4rem}
.swatch.broad{height:.9rem;position:relative}.swatch.broad::before{content:"";position:absolute;inset:0;
 background:var(--link);opacity:.3}.swatch.narrow{height:.45rem;background:var(--link)}
.tag{border:1px solid var(--rule);border-radius:.3rem;padding:0 .35rem;color:var(--faint);font-size:.85em}
details{margin:.4rem 0}details>ol{margin:.4rem 0;padding-inline-start:1.4rem}li{margin:.3rem 0}
.excerpt{border-inline-start:3px solid var(--rule);padding-inline-start:.7rem;white-space:pre-wrap;
 unicode-bidi:isolate;font-size:.92rem}
pre{overflow-x:auto}.two,.lakes{display:grid;gap:1.5rem;grid-template-columns:repeat(2,minmax(0,1fr))}
.lakes .two,.lakes .plots.three{grid-template-columns:minmax(0,1fr)}
@media(max-width:48rem){.two,.lakes{grid-template-columns:minmax(0,1fr)}.tiles dd{font-size:1.2rem}
 .tiles{grid-template-columns:repeat(auto-fill,minmax(6.6rem,1fr))}}
@media print{body{max-width:none;padding:0}nav,a.how{display:none}figure,tr,li,.tiles div{break-inside:avoid}
 h2,h3,summary{break-after:avoid}.wide{overflow:visible}details::details-content{content-visibility:visible;
 display:block;block-size:auto}}
"""
