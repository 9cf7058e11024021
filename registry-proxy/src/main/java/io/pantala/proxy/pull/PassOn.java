package io.pantala.proxy.pull;

import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.grant.Grants;
import io.pantala.proxy.http.Elsewhere;
import io.pantala.proxy.http.EngineGoneException;
import io.pantala.proxy.http.Exchange;
import io.pantala.proxy.http.RegistryCall;
import io.pantala.proxy.http.RegistryError;
import io.pantala.proxy.http.RegistryException;
import io.pantala.proxy.intercept.Authority;
import io.pantala.proxy.intercept.Destinations;
import io.pantala.registry.RegistryClient;
import io.pantala.registry.RegistryRequest;
import io.pantala.registry.RegistryResponse;
import io.pantala.registry.Upstream;
import io.pantala.registry.UpstreamException;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What an engine sends through this proxy beside its pulls: passed on with its body, and what comes back passed back, both
 * as they are. Nothing that may change something is ever sent twice.
 */
final class PassOn {
    /** Whom the listeners of the registry client are told of in the place of hosts that are no upstreams. */
    private static final UpstreamName ELSEWHERE = UpstreamName.parse("elsewhere");

    private static final String KIND = "other";
    private static final Pattern URL =
            Pattern.compile("(?<scheme>https?)://(?<authority>[^/?#]+)(?<rest>.*)", Pattern.CASE_INSENSITIVE);

    private final RegistryClient registry;
    private final Relay relay;
    private final Grants grants;
    private final Heads heads;
    private final LastKnown lastKnown;
    private final Destinations destinations;

    PassOn(
            RegistryClient registry,
            Relay relay,
            Grants grants,
            Heads heads,
            LastKnown lastKnown,
            Destinations destinations) {
        this.heads = heads;
        this.lastKnown = lastKnown;
        this.registry = registry;
        this.relay = relay;
        this.grants = grants;
        this.destinations = destinations;
    }

    void answer(RegistryCall.Other call, Exchange exchange)
            throws RegistryException, EngineGoneException, InterruptedException {
        RegistryRequest request = request(call.route().upstream(), call.target(), exchange);
        try (RegistryResponse response = isSafe(exchange.method())
                ? relay.send(call, exchange, () -> registry.sendUnfollowed(request, relay.left(call, exchange)))
                : exchange.whileConnected(() -> registry.push(request))) {
            if (!isSafe(exchange.method())) {
                pushed(call);
            }
            relay.pass(response, headers(response, call), exchange, _ -> {});
        } catch (UpstreamException e) {
            throw relay.unavailable(call, e);
        }
    }

    /** What was known before is asked anew from here on. */
    private void pushed(RegistryCall.Other call) {
        grants.pushed();
        heads.forget(call.route().upstream());
        lastKnown.forgetTag(call.route().upstream(), call.path());
    }

    void answer(Elsewhere call, Exchange exchange) throws RegistryException, EngineGoneException, InterruptedException {
        RegistryRequest request = request(ELSEWHERE, call.target(), exchange);
        List<InetSocketAddress> addresses = addresses(call);
        try (RegistryResponse response = exchange.whileConnected(() -> send(call, request, addresses))) {
            relay.pass(response, Headers.endToEnd(response.headers(), List.of()), exchange, _ -> {});
        } catch (UpstreamException e) {
            throw relay.unavailable(call.host().toString(), e);
        }
    }

    private List<InetSocketAddress> addresses(Elsewhere call) throws RegistryException {
        try {
            return destinations.addresses(call.host());
        } catch (UnknownHostException e) {
            throw new RegistryException(RegistryError.unavailable(502, call.host() + ": the name can't be resolved"));
        } catch (Destinations.ForbiddenException e) {
            throw new RegistryException(403, "DENIED", String.valueOf(e.getMessage()));
        }
    }

    /** To the first address that can be reached; with a body, which can't be sent again, to the first. */
    private RegistryResponse send(Elsewhere call, RegistryRequest request, List<InetSocketAddress> addresses)
            throws UpstreamException {
        URI origin = URI.create(call.origin());
        for (InetSocketAddress address : addresses.subList(0, addresses.size() - 1)) {
            try {
                return registry.sendElsewhere(request, origin, address);
            } catch (UpstreamException e) {
                if (e.kind() != UpstreamException.Kind.UNREACHABLE || request.body() != null) {
                    throw e;
                }
            }
        }
        return registry.sendElsewhere(request, origin, addresses.getLast());
    }

    private static RegistryRequest request(UpstreamName upstream, String target, Exchange exchange) {
        return new RegistryRequest(
                upstream,
                exchange.method(),
                target,
                exchange.headers(),
                exchange.authorization(),
                KIND,
                exchange.content().orElse(null));
    }

    private static boolean isSafe(HttpMethod method) {
        return method.equals(HttpMethod.GET) || method.equals(HttpMethod.HEAD) || method.equals(HttpMethod.OPTIONS);
    }

    /** A registry says where an upload goes on, by the name that this proxy has for it: the engine gets it by its own. */
    private List<Map.Entry<String, String>> headers(RegistryResponse response, RegistryCall.Other call) {
        List<Map.Entry<String, String>> headers = new ArrayList<>();
        Upstream upstream = registry.upstreams().find(call.route().upstream()).orElseThrow();
        for (Map.Entry<String, String> header : Headers.endToEnd(response.headers(), call)) {
            headers.add(
                    header.getKey().equalsIgnoreCase(HttpHeaders.LOCATION.toString())
                            ? Map.entry(header.getKey(), asSeen(header.getValue(), upstream.url(), call))
                            : header);
        }
        return headers;
    }

    private static String asSeen(String location, URI upstream, RegistryCall.Other call) {
        String prefix = upstream.getRawPath().replaceAll("/$", "");
        Matcher url = URL.matcher(location);
        if (!url.matches()) {
            return location.startsWith(prefix + "/") ? location.substring(prefix.length()) : location;
        }
        boolean tls = url.group("scheme").toLowerCase(Locale.ROOT).equals("https");
        int defaultPort = tls ? 443 : 80;
        boolean same = upstream.getScheme().equals(tls ? "https" : "http")
                && Authority.parse(url.group("authority"), defaultPort)
                        .equals(Authority.parse(upstream.getRawAuthority(), defaultPort));
        String rest = url.group("rest");
        return same && rest.startsWith(prefix) ? call.route().origin() + rest.substring(prefix.length()) : location;
    }
}
