/** A page of its own, since everything else stands behind the token. Nothing of the request is ever put into it. */
export const loginPage = (failed: boolean): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>Sign in · Kada Mandiya</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/login.css">
</head>
<body>
<main>
<h1>Kada Mandiya</h1>
<form method="post" action="/login">
<label for="token">Dashboard token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
${failed ? '<p role="alert">That is not the token.</p>' : '<p>It is set as DASHBOARD_TOKEN where the pipeline runs.</p>'}
<button type="submit">Sign in</button>
</form>
</main>
</body>
</html>
`;

export const loginStyle = `:root{--bg:#f6f7f9;--surface:#fff;--line:#e2e5ea;--text:#15181e;--text-2:#454d5b;--blue:#1b5fc9;--on-blue:#fff;--hollow:#8791a0;--loss:#b8400a;color-scheme:light}
@media (prefers-color-scheme:dark){:root{--bg:#0d0f13;--surface:#14171d;--line:#272c35;--text:#e9ecf1;--text-2:#b3bac6;--blue:#78a9f5;--on-blue:#0d0f13;--hollow:#6f7a89;--loss:#f2935c;color-scheme:dark}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--bg);color:var(--text);font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",Arial,sans-serif}
main{width:min(360px,calc(100vw - 32px));background:var(--surface);border:1px solid var(--line);border-radius:10px;padding:24px}
h1{margin:0 0 16px;font-size:15px;font-weight:600}
form{display:grid;gap:8px}
input{font:inherit;color:inherit;background:var(--bg);border:1px solid var(--hollow);border-radius:7px;padding:9px 10px}
p{margin:0;font-size:12px;color:var(--text-2)}
p[role=alert]{color:var(--loss)}
button{font:inherit;font-weight:600;color:var(--on-blue);background:var(--blue);border:0;border-radius:7px;padding:9px 10px;margin-top:8px;cursor:pointer}
:focus-visible{outline:2px solid var(--blue);outline-offset:2px}
`;
