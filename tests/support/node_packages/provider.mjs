// An OpenID provider for tests: `oidc-provider`, in which whoever the header x-account names has signed in.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

import { Provider } from 'oidc-provider';

let configuration = { clients: [], accounts: {}, claimsInIdToken: false };
let keys = newKeys();
let provider;

function newKeys() {
  const pairs = { RS256: ['rsa', { modulusLength: 2048 }], ES256: ['ec', { namedCurve: 'P-256' }] };
  return Object.entries(pairs).map(([alg, [kind, options]]) => ({
    ...generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }),
    kid: randomUUID(),
    use: 'sig',
    alg,
  }));
}

function build(url) {
  const { clients, accounts, claimsInIdToken } = configuration;
  const made = new Provider(url, {
    clients,
    jwks: { keys },
    cookies: { keys: [randomUUID()] },
    conformIdTokenClaims: !claimsInIdToken,
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['name', 'groups', 'organisation'],
    },
    findAccount: (_, id) => accounts[id] && { accountId: id, claims: () => ({ sub: id, ...accounts[id] }) },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    pkce: { required: () => true },
    extraTokenClaims: (_, token) => accounts[token.clientId],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      jwtUserinfo: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => ({
          scope: 'api',
          audience: resource === 'urn:minutier:api' ? 'minutier' : resource,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 600,
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = form;
        },
      },
    },
  });
  made.on('server_error', (_, error) => console.error(error));
  return made;
}

async function interact(request, response) {
  const { prompt, params } = await provider.interactionDetails(request, response);
  const account = request.headers['x-account'];
  if (!configuration.accounts[account]) {
    await provider.interactionFinished(request, response, { error: 'access_denied' });
    return;
  }
  const grant = new provider.Grant({ accountId: account, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const consent = { grantId: await grant.save() };
  const login = { accountId: account, remember: false };
  await provider.interactionFinished(
    request, response, prompt.name === 'login' ? { login, consent } : { consent },
  );
}

async function configure(request, response, url) {
  const chunks = await Array.fromAsync(request);
  const asked = JSON.parse(Buffer.concat(chunks).toString() || '{}');
  configuration = { ...configuration, ...asked };
  if (request.url === '/rotate') keys = newKeys();
  provider = build(url);
  response.writeHead(204).end();
}

const server = createServer((request, response) => {
  const url = `http://127.0.0.1:${server.address().port}`;
  const failed = (error) => {
    console.error(error);
    response.writeHead(500).end();
  };
  if (request.url.startsWith('/interaction/')) {
    interact(request, response).catch(failed);
  } else if (['/configure', '/rotate'].includes(request.url)) {
    configure(request, response, url).catch(failed);
  } else {
    provider.callback()(request, response);
  }
});
server.listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  provider = build(url);
  console.log(url);
});
process.stdin.resume().on('end', () => process.exit(0));
