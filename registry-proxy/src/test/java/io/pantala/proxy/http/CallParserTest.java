package io.pantala.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.intercept.Authority;
import io.pantala.proxy.intercept.HostPattern;
import io.pantala.registry.Upstream;
import io.pantala.registry.Upstreams;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CallParserTest {
    private static final String HEX = "0123456789abcdef".repeat(4);
    private static final UpstreamName QUAY = UpstreamName.parse("quay.io");
    private static final UpstreamName LOCAL = UpstreamName.parse("registry.local:5000");
    private static final UpstreamName ODD = UpstreamName.parse("mirror");

    private final Upstreams upstreams = new Upstreams(List.of(
            new Upstream(UpstreamName.DOCKER_HUB, URI.create("https://registry-1.docker.io")),
            new Upstream(QUAY, URI.create("https://quay.io")),
            new Upstream(LOCAL, URI.create("http://10.0.0.7:5001")),
            new Upstream(ODD, URI.create("https://mirror"))));
    private final CallParser parser =
            new CallParser(upstreams, HostPattern.parse("*.tunnelled.example")::matches, UpstreamName.DOCKER_HUB);

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/v2/ | docker.io | /v2/",
                "/v2 | docker.io | /v2/",
                "/v2/?ns=quay.io | quay.io | /v2/",
                "/v2/library/nginx/manifests/1.27 | docker.io | /v2/library/nginx/manifests/1.27",
                "/v2/nginx/manifests/1 | docker.io | /v2/nginx/manifests/1",
                "/v2/nginx/manifests/1?ns=docker.io | docker.io | /v2/nginx/manifests/1",
                "/v2/a/b/c/manifests/1?ns=quay.io | quay.io | /v2/a/b/c/manifests/1",
                "/v2/a/manifests/1?ns=QUAY.IO:443 | quay.io | /v2/a/manifests/1",
                "/v2/a/manifests/1?ns=registry-1.docker.io | docker.io | /v2/a/manifests/1",
                "/v2/a/manifests/1?ns=registry.local%3A5000 | registry.local:5000 | /v2/a/manifests/1",
                "/v2/a/tags/list?n=5&ns=quay.io&last=x%2Fy | quay.io | /v2/a/tags/list?n=5&last=x%2Fy",
                "/v2/a/tags/list?ns= | docker.io | /v2/a/tags/list",
                "/v2/_catalog?n=10 | docker.io | /v2/_catalog?n=10",
                "/v2/quay.io/_catalog | quay.io | /v2/_catalog",
                "/v2/quay.io/ | quay.io | /v2/",
                "/v2/quay.io/x/manifests/1 | quay.io | /v2/x/manifests/1",
                "/v2/docker.io/nginx/manifests/1 | docker.io | /v2/library/nginx/manifests/1",
                "/v2/docker.io/a/nginx/manifests/1 | docker.io | /v2/a/nginx/manifests/1",
                "/v2/registry.local:5000/x/manifests/1 | registry.local:5000 | /v2/x/manifests/1",
                "/v2/registry.local%3a5000/x/manifests/1 | registry.local:5000 | /v2/x/manifests/1",
                "/v2/mirror/x/manifests/1 | mirror | /v2/x/manifests/1",
                "/v2/library%2Fnginx/manifests/1 | docker.io | /v2/library/nginx/manifests/1",
                "/v2/a/blobs/b/manifests/1 | docker.io | /v2/a/blobs/b/manifests/1",
                "/v2/a/manifests/manifests/1 | docker.io | /v2/a/manifests/manifests/1",
                "http://quay.io/v2/x/manifests/1 | quay.io | /v2/x/manifests/1",
                "HTTP://quay.io:80/v2/x/manifests/1 | quay.io | /v2/x/manifests/1",
                "http://registry.local:5000/v2/x/manifests/1?ns=quay.io | registry.local:5000 | /v2/x/manifests/1?ns=quay.io",
                "http://10.0.0.7:5001/v2/x/manifests/1 | registry.local:5000 | /v2/x/manifests/1",
                "http://quay.io/v2/docker.io/x/manifests/1 | quay.io | /v2/docker.io/x/manifests/1",
            })
    void findsTheUpstreamAndItsPath(String target, String upstream, String upstreamTarget) throws Exception {
        RegistryCall call = read("GET", target);

        assertThat(call.route().upstream()).hasToString(upstream);
        assertThat(call.target()).isEqualTo(upstreamTarget);
    }

    @Test
    void readsEachEndpointIntoItsOwnType() throws Exception {
        String digest = "sha256:" + HEX;

        assertThat(read("GET", "/v2/")).isInstanceOf(RegistryCall.Ping.class);
        assertThat(read("HEAD", "/v2/a/manifests/t")).isInstanceOf(RegistryCall.Manifest.class);
        assertThat(read("GET", "/v2/a/manifests/sha256%3A" + HEX).path()).isEqualTo("/v2/a/manifests/" + digest);
        assertThat(read("GET", "/v2/a/blobs/" + digest)).isInstanceOf(RegistryCall.Blob.class);
        assertThat(read("GET", "/v2/a/blobs/sha512:" + HEX + HEX)).isInstanceOf(RegistryCall.Blob.class);
        assertThat(read("GET", "/v2/a/referrers/" + digest + "?artifactType=x").target())
                .isEqualTo("/v2/a/referrers/" + digest + "?artifactType=x");
        assertThat(read("GET", "/v2/a/tags/list")).isInstanceOf(RegistryCall.Tags.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/v2/a/../b/manifests/1 | 400 | NAME_INVALID",
                "/v2/%2e%2e/b/manifests/1 | 400 | NAME_INVALID",
                "/v2/a//b/manifests/1 | 400 | NAME_INVALID",
                "/v2//manifests/1 | 400 | NAME_INVALID",
                "/v2/A/manifests/1 | 400 | NAME_INVALID",
                "/v2/a%252Fb/manifests/1 | 400 | NAME_INVALID",
                "/v2/a%00/manifests/1 | 400 | NAME_INVALID",
                "/v2/a%zz/manifests/1 | 400 | UNSUPPORTED",
                "/v2/a%2/manifests/1 | 400 | UNSUPPORTED",
                "/v2/a/blobs/sha256:ABCDEF | 400 | DIGEST_INVALID",
                "/v2/a/blobs/latest | 400 | DIGEST_INVALID",
                "/v2/a/manifests/sha256:12 | 400 | DIGEST_INVALID",
                "/v2/a/manifests/.INVALID | 404 | MANIFEST_UNKNOWN",
                "/v2/docker.io/manifests/1 | 404 | UNSUPPORTED",
                "/v2/a/tags/other | 404 | UNSUPPORTED",
                "/v2/a/unknown/x | 404 | UNSUPPORTED",
                "/v2/a | 404 | UNSUPPORTED",
                "/v3/a | 404 | UNSUPPORTED",
                "/ | 404 | UNSUPPORTED",
                "/v2x/a/manifests/1 | 404 | UNSUPPORTED",
                "/v2/a/blobs/uploads/ | 405 | UNSUPPORTED",
                "/v2/a/blobs/uploads/8f3 | 405 | UNSUPPORTED",
                "/v2/a/manifests/1?ns=evil.example | 403 | DENIED",
                "/v2/a/manifests/1?ns=169.254.169.254 | 403 | DENIED",
                "/v2/a/manifests/1?ns=a/b | 400 | UNSUPPORTED",
                "/v2/evil.example/a/manifests/1 | 403 | DENIED",
                "/v2/localhost/a/manifests/1 | 403 | DENIED",
                "http://user:secret@quay.io/v2/a/manifests/1 | 400 | UNSUPPORTED",
                "http://quay.io:99999/v2/ | 400 | UNSUPPORTED",
                "http:///v2/ | 400 | UNSUPPORTED",
            })
    void refusesWhatNoRegistryCouldMean(String target, int status, String code) {
        RegistryException refused = catchThrowableOfType(RegistryException.class, () -> read("GET", target));

        assertThat(refused.error().status()).isEqualTo(status);
        assertThat(refused.error().code()).isEqualTo(code);
    }

    @Test
    void refusesUpperCaseHexadecimalAndNamesThatAreTooLong() {
        RegistryException upper = catchThrowableOfType(
                RegistryException.class, () -> read("GET", "/v2/a/blobs/sha256:" + "A".repeat(64)));
        RegistryException longName = catchThrowableOfType(
                RegistryException.class, () -> read("GET", "/v2/" + "a".repeat(256) + "/manifests/1"));

        assertThat(upper.error().code()).isEqualTo("DIGEST_INVALID");
        assertThat(longName.error().code()).isEqualTo("NAME_INVALID");
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "PATCH", "DELETE"})
    void refusesWrites(String method) {
        RegistryException refused =
                catchThrowableOfType(RegistryException.class, () -> read(method, "/v2/a/blobs/uploads/?mount=x"));

        assertThat(refused.error().status()).isEqualTo(405);
        assertThat(refused.error().code()).isEqualTo("UNSUPPORTED");
    }

    @Test
    void namesTheKeyThatWouldAllowAnUpstream() {
        RegistryException refused =
                catchThrowableOfType(RegistryException.class, () -> read("GET", "/v2/a/manifests/1?ns=ghcr.example"));

        assertThat(refused.error().message()).contains("upstreams.ghcr.example.url");
    }

    @Test
    void refusesTargetsThatCouldSplitARequest() {
        RegistryException refused =
                catchThrowableOfType(RegistryException.class, () -> read("GET", "/v2/a/tags/list?n=1\u00a0\u0001"));

        assertThat(refused.error().status()).isEqualTo(400);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "POST | http://quay.io/v2/a/blobs/uploads/?mount=x&from=b | /v2/a/blobs/uploads/?mount=x&from=b",
                "PUT | http://quay.io/v2/a/manifests/1 | /v2/a/manifests/1",
                "GET | http://quay.io/v2/a/blobs/uploads/8f3 | /v2/a/blobs/uploads/8f3",
                "GET | http://quay.io/v2/%2e%2e/b/manifests/1 | /v2/%2e%2e/b/manifests/1",
                "GET | http://quay.io/v2/a/blobs/sha256:ABC | /v2/a/blobs/sha256:ABC",
                "GET | http://quay.io/v2/auth?service=quay.io | /v2/auth?service=quay.io",
                "GET | http://quay.io/extensions/v2/x | /extensions/v2/x",
                "GET | http://quay.io | /",
                "GET | http://quay.io?x=y | /?x=y",
            })
    void passesOnThroughAProxyWhateverTheEngineSays(String method, String target, String upstreamTarget)
            throws Exception {
        RegistryCall call = read(method, target);

        assertThat(call).isInstanceOf(RegistryCall.Other.class);
        assertThat(call.route().upstream()).isEqualTo(QUAY);
        assertThat(call.target()).isEqualTo(upstreamTarget);
        assertThat(call.route().origin()).isEqualTo("http://quay.io");
    }

    @Test
    void takesAnInterceptedConnectionAtItsWord() throws Exception {
        var intercepted = Optional.of(
                new EngineChannel.Intercepted(UpstreamName.DOCKER_HUB, new Authority("registry-1.docker.io", 443)));

        var manifest = (RegistryCall.Manifest) parser.parse("GET", "/v2/quay.io/x/manifests/1?ns=quay.io", intercepted);

        assertThat(manifest.route().upstream()).isEqualTo(UpstreamName.DOCKER_HUB);
        assertThat(manifest.repository()).hasToString("quay.io/x");
        assertThat(manifest.target()).isEqualTo("/v2/quay.io/x/manifests/1?ns=quay.io");
        assertThat(manifest.route().origin()).isEqualTo("https://registry-1.docker.io");
        RegistryException refused = catchThrowableOfType(
                RegistryException.class, () -> parser.parse("GET", "http://quay.io/v2/", intercepted));
        assertThat(refused.error().status()).isEqualTo(400);
    }

    @Test
    void leavesTheOtherServicesOfDockerHubsHostsToThem() throws Exception {
        var index = Optional.of(
                new EngineChannel.Intercepted(UpstreamName.DOCKER_HUB, new Authority("index.docker.io", 443)));

        assertThat(parser.parse("GET", "/v1/search?q=x", index))
                .isEqualTo(new Elsewhere(true, new Authority("index.docker.io", 443), "/v1/search?q=x"));
        assertThat(parser.parse("GET", "/v2/", index)).isInstanceOf(RegistryCall.Ping.class);
    }

    @ParameterizedTest
    @CsvSource({
        "http://evil.example/v2/a/manifests/1, http://evil.example, /v2/a/manifests/1",
        "http://a.tunnelled.example:81?x, http://a.tunnelled.example:81, /?x",
        "http://[FD00::1]:5000/, http://[fd00::1]:5000, /",
    })
    void sendsElsewhereWhatIsForNoUpstream(String target, String origin, String path) throws Exception {
        var elsewhere = (Elsewhere) parser.parse("GET", target, Optional.empty());

        assertThat(elsewhere.origin()).isEqualTo(origin);
        assertThat(elsewhere.target()).isEqualTo(path);
    }

    private RegistryCall read(String method, String target) throws RegistryException {
        return (RegistryCall) parser.parse(method, target, Optional.empty());
    }
}
