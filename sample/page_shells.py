"""The HTML of the templates, with `$name` where `page_templates.render` puts something in."""

_HEAD = """<!DOCTYPE html>
<html lang="$lang">
<head>
$charset
<title>$title - $site</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
"""

_MAGAZINE = (
    _HEAD
    + """<link rel="stylesheet" href="/assets/site.css">
<script>window.siteName = "$site"; document.documentElement.className = "js";</script>
</head>
<body class="magazine">
<div id="cookie-banner" class="cookie-notice" role="dialog"><p>$cookies</p>
<button type="button">$accept</button> <button type="button">$decline</button></div>
<header class="site-header"><a class="logo" href="/">$site</a>
<form class="search" action="/search"><input name="q" placeholder="$search"></form>
<nav class="main-nav"><ul>
$nav
</ul></nav></header>
<nav class="breadcrumb"><a href="/">$home</a> &rsaquo; <a href="#">$section</a> &rsaquo; <span>$title</span></nav>
<div class="page"><div class="columns">
<main>
<article class="story">
<div class="text">
$article
</div>
</article>
$share_line
</main>
<aside class="sidebar"><h3>$label_related</h3><ul>
$related
</ul><p class="newsletter">$newsletter</p></aside>
$comment_list
</div></div>
<footer class="site-footer"><p>&copy; 2026 $site</p><p>$imprint</p></footer>
<script src="/assets/site.js"></script>
</body>
</html>
"""
)

_BLOG = (
    _HEAD
    + """<style>
body { font: 18px/1.6 serif; margin: 0 }
#content { max-width: 40em } .widget li { margin: .4em 0 }</style>
</head>
<body>
<div id="wrapper">
<div id="header"><p class="site-title"><a href="/">$site</a></p>
<ul class="menu">
$nav
</ul></div>
<div id="content" class="content-area">
<div class="post hentry">
<div class="entry-content">
<div class="text">
$article
</div>
$share_line
</div>
</div>
</div>
<div id="sidebar" class="widget-area"><div class="widget"><h4>$label_related</h4><ul>
$related
</ul></div><div class="widget"><h4>$search</h4><form><input name="s"></form></div></div>
$comment_list
<div id="footer"><p>$site &middot; $imprint</p></div>
</div>
<div class="cookie-consent"><p>$cookies</p><a href="#" class="btn">$accept</a></div>
</body>
</html>
"""
)

_DOCS = (
    _HEAD
    + """<link rel="canonical" href="https://$host/">
</head>
<body>
<a class="skip-link" href="#main">#</a>
<div class="layout">
<nav class="toc" aria-label="contents"><p><a href="/">$site</a></p><ul>
$nav
</ul><ul class="pages">
$related
</ul></nav>
<main id="main">
<div class="document"><div class="text">
$article
</div></div>
</main>
<nav class="pagination"><a rel="prev" href="#">&larr;</a> <a rel="next" href="#">&rarr;</a></nav>
</div>
<footer><p>$site. $imprint</p></footer>
</body>
</html>
"""
)

_PORTAL = """<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" lang="$lang">
<head>
$charset
<title>$site: $title</title>
</head>
<body bgcolor="#ffffff">
<div id="navigation" class="nav">$nav_plain</div>
<table width="900" border="0" cellpadding="6"><tr>
<td width="180" valign="top" class="sidebar"><b>$label_related</b><ul>
$related
</ul><small>$search <input size="10" /></small></td>
<td valign="top" class="content"><div id="article">
$article
</div></td>
</tr></table>
<div id="footer" class="footer"><hr /><small>$site, $imprint. $visits</small></div>
</body>
</html>
"""

_CIVIC = (
    _HEAD
    + """</head>
<body class="no-js">
<div class="cookie-bar" id="cookies"><p>$cookies</p><button>$accept</button><button>$decline</button></div>
<div role="banner" class="header"><strong>$site</strong></div>
<div role="navigation" class="navbar"><ul>
$nav
</ul></div>
<ol class="breadcrumbs"><li><a href="/">$home</a></li><li><a href="#">$section</a></li></ol>
<div class="grid"><div role="main" class="main-content">
<div class="column"><div class="text">
$article
</div></div>
</div></div>
<div role="complementary" class="related"><h2>$label_related</h2><ul>
$related
</ul></div>
<div role="contentinfo" class="footer"><p>$imprint</p></div>
</body>
</html>
"""
)

_SHOP = (
    _HEAD
    + """<script type="application/ld+json">{"@context": "https://schema.org", "@type": "WebPage",
"name": "$title"}</script>
</head>
<body>
<div class="topbar"><a href="/basket">0</a> <a href="/login">login</a></div>
<div class="header"><a href="/"><img src="/logo.png" alt="$site"></a><ul class="navigation">
$nav
</ul></div>
<div class="breadcrumb"><a href="/">$home</a> / <a href="#">$section</a></div>
<main class="page">
<div class="product"><div class="product-description"><div class="text">
$article
</div></div></div>
</main>
<div class="related-products"><h3>$label_related</h3><ul class="grid">
$related
</ul></div>
<div class="newsletter-box"><p>$newsletter</p><form><input type="email" placeholder="name@mail.example"></form></div>
<div class="footer"><ul><li>$imprint</li></ul><p>&copy; $site</p></div>
<div class="cookie-overlay modal"><p>$cookies</p><button>$accept</button></div>
</body>
</html>
"""
)

_FORUM = (
    _HEAD
    + """</head>
<body>
<div id="header" class="header"><a href="/">$site</a> <span class="nav">$nav_plain</span></div>
<div class="breadcrumbs"><a href="/">$home</a> &raquo; $section</div>
<main class="topic">
<div class="post" id="p1"><div class="text">
$article
</div></div>
$comment_list
</main>
<div class="sidebar"><h4>$label_related</h4><ul>
$related
</ul></div>
<div id="footer" class="footer">$imprint - $visits</div>
</body>
</html>
"""
)

_BARE = """<html>
<head>
$charset
<title>$title</title>
</head>
<body>
<div class="nav">$nav_plain</div>
<div id="wrap"><div id="main"><div class="text">
$article
</div></div></div>
<div class="footer">$site</div>
</body>
</html>
"""

SHELLS = {
    "magazine": _MAGAZINE,
    "blog": _BLOG,
    "docs": _DOCS,
    "portal": _PORTAL,
    "civic": _CIVIC,
    "shop": _SHOP,
    "forum": _FORUM,
    "bare": _BARE,
}
