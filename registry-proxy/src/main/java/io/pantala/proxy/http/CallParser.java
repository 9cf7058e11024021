package io.pantala.proxy.http;

import io.pantala.manifest.Digest;
import io.pantala.manifest.Reference;
import io.pantala.manifest.RepositoryName;
import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.intercept.Authority;
import io.pantala.registry.Upstream;
import io.pantala.registry.Upstreams;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads a request line into a {@link RegistryCall}. Paths are decoded once, as a whole; every part must then match what
 * the specification allows, so that nothing that could mean another path goes further.
 */
final class CallParser {
    private static final Pattern ABSOLUTE =
            Pattern.compile("(?<scheme>https?)://(?<authority>[^/?#]*)(?<rest>[/?].*)?", Pattern.CASE_INSENSITIVE);
    private static final Set<String> READING = Set.of("GET", "HEAD");
    private static final Pattern VISIBLE = Pattern.compile("[\\x21-\\x7e]*");
    private static final String ROOT = "/v2/";

    private final Upstreams upstreams;
    private final Predicate<Authority> tunnelled;
    private final UpstreamName fallback;

    /**
     * @param tunnelled hosts whose requests are none of this proxy's business
     * @param fallback what a request to a mirror means that names no upstream
     */
    CallParser(Upstreams upstreams, Predicate<Authority> tunnelled, UpstreamName fallback) {
        this.upstreams = upstreams;
        this.tunnelled = tunnelled;
        this.fallback = fallback;
    }

    /**
     * What a request's method and target, both as received, ask for.
     *
     * @param intercepted what requests on its connection mean, if that was said ahead
     */
    Call parse(String method, String target, Optional<EngineChannel.Intercepted> intercepted) throws RegistryException {
        if (!VISIBLE.matcher(target).matches()) {
            throw malformed("a request target has only visible ASCII characters");
        }
        Matcher absolute = ABSOLUTE.matcher(target);
        if (intercepted.isPresent()) {
            if (!target.startsWith("/")) {
                throw malformed("behind CONNECT a request target is a path");
            }
            Authority as = intercepted.get().as();
            return proxied(method, target, intercepted.get().upstream(), new Elsewhere(true, as, target));
        }
        if (absolute.matches()) {
            boolean tls = absolute.group("scheme").equalsIgnoreCase("https");
            Authority host = Authority.parse(absolute.group("authority"), tls ? 443 : 80)
                    .orElseThrow(() -> malformed("the target's host is none"));
            String rest = absolute.group("rest");
            String path = rest == null ? "/" : rest.startsWith("?") ? "/" + rest : rest;
            var elsewhere = new Elsewhere(tls, host, path);
            Optional<Upstream> upstream =
                    tunnelled.test(host) ? Optional.empty() : upstreams.at(host.host(), host.port(), tls);
            return upstream.isPresent() ? proxied(method, path, upstream.get().name(), elsewhere) : elsewhere;
        }
        return mirrored(method, target);
    }

    /** A request of an engine that believes to speak to the registry itself. */
    private Call proxied(String method, String target, UpstreamName upstream, Elsewhere asked) {
        int mark = target.indexOf('?');
        String path = mark < 0 ? target : target.substring(0, mark);
        var route = new Route(upstream, null, mark < 0 ? "" : target.substring(mark + 1), asked.origin());
        if (!path.equals("/v2") && !path.startsWith(ROOT)) {
            boolean same = upstreams
                    .find(upstream)
                    .map(Upstream::url)
                    .filter(url -> url.getHost().equalsIgnoreCase(asked.host().host()))
                    .isPresent();
            // Docker Hub has hosts that are its registry's and more; what else they do is theirs.
            return same || !upstream.equals(UpstreamName.DOCKER_HUB) ? new RegistryCall.Other(route, path) : asked;
        }
        if (READING.contains(method)) {
            try {
                String decoded = decode(path);
                return new Endpoint(route).parse(decoded.substring(Math.min(ROOT.length(), decoded.length())));
            } catch (RegistryException e) {
                // Whatever it is, the registry may know it.
            }
        }
        return new RegistryCall.Other(route, path);
    }

    private RegistryCall mirrored(String method, String pathAndQuery) throws RegistryException {
        int mark = pathAndQuery.indexOf('?');
        String path = decode(mark < 0 ? pathAndQuery : pathAndQuery.substring(0, mark));
        Query query = Query.of(mark < 0 ? "" : pathAndQuery.substring(mark + 1));
        if (!path.equals("/v2") && !path.startsWith(ROOT)) {
            throw new RegistryException(404, "UNSUPPORTED", "a registry's paths start with /v2/");
        }
        if (!READING.contains(method)) {
            throw readOnly();
        }
        String rest = path.substring(Math.min(ROOT.length(), path.length()));
        if (query.namespace() != null) {
            UpstreamName named = upstream(query.namespace());
            return new Endpoint(new Route(named, query.namespace(), query.rest())).parse(rest);
        }
        return byPath(rest, query.rest());
    }

    /** The upstream is the first segment of the path if that names one, as engines without {@code ns} write it. */
    private RegistryCall byPath(String rest, String query) throws RegistryException {
        int slash = rest.indexOf('/');
        String first = slash < 0 ? "" : rest.substring(0, slash);
        Optional<UpstreamName> named = nameOf(first);
        if (named.isPresent() && (isConfigured(named.get()) || looksLikeHost(first))) {
            UpstreamName upstream = allowed(named.get());
            return new Endpoint(new Route(upstream, null, query)).embedded().parse(rest.substring(slash + 1));
        }
        return new Endpoint(new Route(fallback, null, query)).parse(rest);
    }

    private static boolean looksLikeHost(String segment) {
        return segment.indexOf('.') >= 0 || segment.indexOf(':') >= 0 || segment.equals("localhost");
    }

    private UpstreamName upstream(String text) throws RegistryException {
        return allowed(nameOf(text).orElseThrow(() -> malformed("'ns' must name a registry: host or host:port")));
    }

    private boolean isConfigured(UpstreamName name) {
        return upstreams.find(name).isPresent();
    }

    private UpstreamName allowed(UpstreamName name) throws RegistryException {
        if (!isConfigured(name)) {
            throw new RegistryException(
                    403,
                    "DENIED",
                    "%s is not an upstream of this proxy; the key to add is upstreams.%s.url (--upstream %s=https://%s)"
                            .formatted(name, name, name, name));
        }
        return name;
    }

    private static Optional<UpstreamName> nameOf(String text) {
        try {
            return Optional.of(UpstreamName.parse(text));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** Percent-decodes once. What is not ASCII then is no part of any name or reference. */
    private static String decode(String raw) throws RegistryException {
        if (raw.indexOf('%') < 0) {
            return raw;
        }
        var decoded = new StringBuilder(raw.length());
        for (int i = 0; i < raw.length(); i++) {
            if (raw.charAt(i) != '%') {
                decoded.append(raw.charAt(i));
                continue;
            }
            int high = i + 2 < raw.length() ? Character.digit(raw.charAt(i + 1), 16) : -1;
            int low = i + 2 < raw.length() ? Character.digit(raw.charAt(i + 2), 16) : -1;
            if (high < 0 || low < 0) {
                throw malformed("a % must be followed by two hexadecimal digits");
            }
            decoded.append((char) (high << 4 | low));
            i += 2;
        }
        return decoded.toString();
    }

    private static RegistryException malformed(String message) {
        return new RegistryException(400, "UNSUPPORTED", message);
    }

    private static RegistryException readOnly() {
        return new RegistryException(405, "UNSUPPORTED", "this proxy is for pulling: push to the registry itself");
    }

    /** A query, parted into the namespace and the rest; the rest stays as it was written. */
    private record Query(@Nullable String namespace, String rest) {
        static Query of(String raw) throws RegistryException {
            String namespace = null;
            var rest = new StringBuilder(raw.length());
            for (String parameter : raw.split("&", -1)) {
                int equals = parameter.indexOf('=');
                String name = equals < 0 ? parameter : parameter.substring(0, equals);
                if (name.equals("ns")) {
                    String value = equals < 0 ? "" : decode(parameter.substring(equals + 1));
                    namespace = namespace == null && !value.isEmpty() ? value : namespace;
                } else if (!parameter.isEmpty()) {
                    rest.append(rest.isEmpty() ? "" : "&").append(parameter);
                }
            }
            return new Query(namespace, rest.toString());
        }
    }

    /** The part of a path that is the same at every registry. */
    private record Endpoint(Route route, boolean inPath) {
        Endpoint(Route route) {
            this(route, false);
        }

        Endpoint embedded() {
            return new Endpoint(route, true);
        }

        RegistryCall parse(String rest) throws RegistryException {
            if (rest.isEmpty()) {
                return new RegistryCall.Ping(route);
            }
            if (rest.equals("_catalog")) {
                return new RegistryCall.Catalog(route);
            }
            // The last keyword counts: a repository may be called a/blobs/b.
            int lastSlash = rest.lastIndexOf('/');
            int keywordSlash = rest.lastIndexOf('/', lastSlash - 1);
            if (keywordSlash < 0) {
                throw unknown();
            }
            String name = rest.substring(0, keywordSlash);
            String keyword = rest.substring(keywordSlash + 1, lastSlash);
            String last = rest.substring(lastSlash + 1);
            return switch (keyword) {
                case "manifests" -> new RegistryCall.Manifest(route, repository(name), reference(last));
                case "blobs" -> new RegistryCall.Blob(route, repository(name), digest(last));
                case "referrers" -> new RegistryCall.Referrers(route, repository(name), digest(last));
                case "tags" -> {
                    if (!last.equals("list")) {
                        throw unknown();
                    }
                    yield new RegistryCall.Tags(route, repository(name));
                }
                case "uploads" -> throw readOnly();
                default -> throw unknown();
            };
        }

        private RepositoryName repository(String name) throws RegistryException {
            try {
                boolean official = inPath && route.upstream().equals(UpstreamName.DOCKER_HUB) && name.indexOf('/') < 0;
                return new RepositoryName(official ? "library/" + name : name);
            } catch (IllegalArgumentException e) {
                throw new RegistryException(400, "NAME_INVALID", message(e));
            }
        }

        private static Reference reference(String text) throws RegistryException {
            if (text.indexOf(':') >= 0) {
                return new Reference.ByDigest(digest(text));
            }
            try {
                return new Reference.ByTag(text);
            } catch (IllegalArgumentException e) {
                throw new RegistryException(404, "MANIFEST_UNKNOWN", message(e));
            }
        }

        private static Digest digest(String text) throws RegistryException {
            try {
                return Digest.parse(text);
            } catch (IllegalArgumentException e) {
                throw new RegistryException(400, "DIGEST_INVALID", message(e));
            }
        }

        private static String message(IllegalArgumentException e) {
            String message = e.getMessage();
            return message == null ? "invalid" : message;
        }

        private static RegistryException unknown() {
            return new RegistryException(404, "UNSUPPORTED", "no registry has this endpoint");
        }
    }
}
