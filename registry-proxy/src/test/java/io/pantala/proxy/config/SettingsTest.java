package io.pantala.proxy.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.intercept.HostPattern;
import io.pantala.proxy.logging.LogConfig;
import io.pantala.registry.Reach;
import io.pantala.registry.Upstream;
import io.pantala.seed.cluster.ClusterConfig;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.Fingerprint;
import io.pantala.transport.identity.Token;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.event.Level;

class SettingsTest {
    private static final Token TOKEN = Token.create(new Fingerprint("0".repeat(64)));

    @TempDir
    private Path directory;

    private final Map<Key, List<String>> flags = new EnumMap<>(Key.class);
    private final Map<String, String> environment = new HashMap<>();
    private String yaml = "";

    @Test
    void withoutSettingsTheDefaultsHold() {
        environment.put("XDG_STATE_HOME", directory.toString());

        HostConfig host = host();
        SeedConfig seed = SeedConfig.read(settings());

        assertThat(host.listen()).hasToString("127.0.0.1:6460");
        assertThat(host.links().seeds()).isEmpty();
        assertThat(host.proxyMode()).isEqualTo(ProxyMode.DEFAULT);
        assertThat(host.defaultUpstream()).isEqualTo(UpstreamName.DOCKER_HUB);
        assertThat(host.serveStale()).isTrue();
        assertThat(host.lookahead()).isTrue();
        assertThat(seed.listen()).hasToString("[::]:6462");
        assertThat(host.node().admin()).hasToString("127.0.0.1:6463");
        assertThat(host.node().drain()).isEqualTo(Duration.ofSeconds(30));
        assertThat(host.node().log()).isEqualTo(LogConfig.DEFAULT);
        assertThat(host.node().quota()).isEmpty();
        assertThat(host.node().upstreams().find(UpstreamName.DOCKER_HUB))
                .map(Upstream::url)
                .contains(URI.create("https://registry-1.docker.io"));
    }

    @Test
    void everyKeyOfTheFileReachesItsPlace() throws IOException {
        Path ca = Files.writeString(directory.resolve("ca.pem"), "");
        yaml = """
                listen: "[::]:1"
                seeds: ["127.0.0.1:2", "[::1]"]
                seed:
                  listen: "[::1]:4"
                admin:
                  listen: localhost:5
                data-dir: /srv/pantala
                upstreams:
                  docker.io:
                    url: http://mirror.example:8080
                  "[fd00::1]:5000":
                    url: https://[fd00::1]:5000
                    ca: %1$s
                    client-cert: %1$s
                    client-key: %1$s
                    proxy: http://proxy.example:3128
                    credentials: helper:ours
                default-upstream: quay.io
                serve-stale: false
                lookahead: false
                tunnel: [a.example, "*.b.example"]
                intercept:
                  ca: %1$s
                  ca-key: %1$s
                disk:
                  quota: 1.5GiB
                drain.timeout: 2m
                log:
                  format: json
                  level: debug
                """.formatted(ca);

        HostConfig host = host();

        assertThat(host.listen()).isEqualTo(new NodeAddress("::", 1));
        assertThat(host.links().seeds()).extracting(NodeAddress::port).containsExactly(2, 6462);
        assertThat(SeedConfig.read(settings()).listen().port()).isEqualTo(4);
        assertThat(host.node().admin()).isEqualTo(new NodeAddress("localhost", 5));
        assertThat(host.node().directory()).isEqualTo(Path.of("/srv/pantala"));
        assertThat(host.node().quota()).isEqualTo(OptionalLong.of(3L << 29));
        assertThat(host.node().upstreams().find(UpstreamName.DOCKER_HUB))
                .contains(new Upstream(UpstreamName.DOCKER_HUB, URI.create("http://mirror.example:8080")));
        UpstreamName local = UpstreamName.parse("[fd00::1]:5000");
        assertThat(host.node().upstreams().find(local))
                .contains(new Upstream(
                        local,
                        URI.create("https://[fd00::1]:5000"),
                        new Reach(
                                Optional.of(ca),
                                Optional.of(new Reach.ClientCertificate(ca, ca)),
                                Optional.of(URI.create("http://proxy.example:3128")))));
        assertThat(host.node().credentials()).containsOnlyKeys(local);
        assertThat(host.defaultUpstream()).hasToString("quay.io");
        assertThat(host.serveStale()).isFalse();
        assertThat(host.lookahead()).isFalse();
        assertThat(host.proxyMode())
                .isEqualTo(new ProxyMode(
                        Optional.of(new ProxyMode.Authority(ca, ca)),
                        List.of(HostPattern.parse("a.example"), HostPattern.parse("*.b.example"))));
        assertThat(host.node().drain()).isEqualTo(Duration.ofMinutes(2));
        assertThat(host.node().log()).isEqualTo(new LogConfig(LogConfig.Format.JSON, Level.DEBUG));
    }

    @Test
    void flagsWinOverEnvironmentAndEnvironmentOverFile() {
        yaml = "listen: 127.0.0.1:1\nadmin.listen: 127.0.0.1:1\nlog.format: json\n";
        environment.put("PANTALA_LISTEN", "127.0.0.1:2");
        environment.put("PANTALA_ADMIN_LISTEN", "127.0.0.1:2");
        flags.put(Key.LISTEN, List.of("127.0.0.1:3"));

        HostConfig host = host();

        assertThat(host.listen().port()).isEqualTo(3);
        assertThat(host.node().admin().port()).isEqualTo(2);
        assertThat(host.node().log().format()).isEqualTo(LogConfig.Format.JSON);
    }

    @Test
    void upstreamsOfFileEnvironmentAndFlagsAddUp() {
        yaml = "upstreams: {a.example: {url: 'http://file'}, b.example: {url: 'http://file'}}";
        environment.put("PANTALA_UPSTREAM", "b.example=http://env,c.example=http://env");
        flags.put(Key.UPSTREAM_URL, List.of("c.example=http://flag", "d.example=http://flag/?".replace("/?", "")));

        assertThat(List.of("a.example", "b.example", "c.example", "d.example"))
                .extracting(name -> host().node()
                        .upstreams()
                        .find(UpstreamName.parse(name))
                        .orElseThrow()
                        .url()
                        .getHost())
                .containsExactly("file", "env", "flag", "flag");
    }

    @Test
    void aListIsSeparatedByCommasOrRepeatedOrBoth() {
        flags.put(Key.SEEDS, List.of("127.0.0.1:1, 127.0.0.1:2", "127.0.0.1:3"));

        assertThat(host().links().seeds()).extracting(NodeAddress::port).containsExactly(1, 2, 3);
    }

    @Test
    void theFileMayBeNamedByTheEnvironment() throws IOException {
        environment.put(
                "PANTALA_CONFIG",
                Files.writeString(directory.resolve("named.yaml"), "listen: 127.0.0.1:7")
                        .toString());

        assertThat(HostConfig.read(Settings.read(null, flags, environment))
                        .listen()
                        .port())
                .isEqualTo(7);
    }

    @Test
    void aFileOfCommentsSetsNothing() {
        yaml = "# nothing yet\n";

        assertThat(host().listen().port()).isEqualTo(6460);
    }

    @Test
    void whatKubernetesSetsBesideAServiceIsNoSetting() {
        environment.putAll(Map.of(
                "PANTALA_SEED_SERVICE_HOST", "10.0.0.1",
                "PANTALA_SEED_SERVICE_PORT", "6462",
                "PANTALA_SEED_SERVICE_PORT_CONTROL", "6462",
                "PANTALA_SEED_PORT", "tcp://10.0.0.1:6462",
                "PANTALA_SEED_PORT_6462_TCP_ADDR", "10.0.0.1",
                "PANTALA_SERVICE_HOST", "10.0.0.1",
                "PANTALA_PORT", "tcp://10.0.0.1:6462",
                "PANTALA_JAVA_OPTS", "-Xmx1g"));

        assertThat(host().listen().port()).isEqualTo(6460);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    lisen: a                    | pantala.yaml:1: unknown key lisen; the nearest known one is listen
                    seed: {listn: a}            | pantala.yaml:1: unknown key seed.listn; the nearest known one is seed.listen
                    upstreams: {a.b: {uri: c}}  | pantala.yaml:1: unknown key upstreams.a.b.uri; the nearest known one is upstreams.NAME.url
                    upstreams: {a: {b: {url: c}}} | pantala.yaml:1: unknown key upstreams.a.b; the nearest known one is upstreams.NAME.ca
                    upstreams: &a {b: *a}       | pantala.yaml:1: unknown key upstreams.b.b; the nearest known one is upstreams.NAME.ca
                    seed: x                     | pantala.yaml:1: seed must hold keys
                    [a, b]                      | pantala.yaml:1: the file must hold keys
                    listen:                     | pantala.yaml:1: listen has no value
                    listen: [a, b]              | pantala.yaml:1: listen must read HOST:PORT
                    listen: {a: b}              | pantala.yaml:1: listen must read HOST:PORT
                    zone: a b                   | zone = "a b" (pantala.yaml:1): must read region/zone/rack, each of letters, digits, dots, dashes and underscores
                    limit: {origin: 9kB/s}        | limit.origin = "9kB/s" (pantala.yaml:1): must be at least 128kB a second
                    """)
    void aFileThatIsWrongIsRefusedWithItsLine(String text, String message) {
        yaml = text;

        assertRefused(message.replace("pantala.yaml", file().toString()));
    }

    @Test
    void whatIsSetForARegistryNeedsToBeWhole() {
        yaml = "upstreams: {ghcr.io: {proxy: 'ftp://x'}}";
        assertRefused("upstreams.ghcr.io.proxy = \"ftp://x\" (" + file()
                + ":1): must read http://[user:password@]host:port or socks5://host:port");
        yaml = "upstreams: {ghcr.io: {credentials: /none/of/these}}";
        assertRefused("upstreams.ghcr.io.credentials = \"/none/of/these\" (" + file()
                + ":1): /none/of/these is no file of a usual size");
        yaml = "upstreams: {a.example: {credentials: 'helper:x'}}";
        assertRefused("upstreams.a.example.credentials = \"helper:x\" (" + file()
                + ":1): needs a url too: upstreams.a.example.url");
        yaml = "access.cidrs: 10.0.0.0";
        assertRefused("access.cidrs = \"10.0.0.0\" (" + file()
                + ":1): must read address/bits, such as 10.0.0.0/8 or fd00::/8");
        yaml = "access.basic: /none/of/these";
        assertRefused("access.basic = \"/none/of/these\" (" + file() + ":1): can't be read: /none/of/these");
    }

    @Test
    void anAuthorityNeedsItsKey() throws IOException {
        Path ca = Files.writeString(directory.resolve("ca.pem"), "");
        yaml = "intercept.ca: " + ca;

        assertRefused("intercept.ca = \"" + ca + "\" (" + file()
                + ":1): needs the other one too: intercept.ca and intercept.ca-key");
    }

    @Test
    void whatIsNotYamlIsRefusedWithItsLine() {
        yaml = "listen: 127.0.0.1:1\nseed: [\n";

        assertThatThrownBy(this::host)
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith(file() + ":3: not YAML: ")
                .message()
                .doesNotContain("\n");
    }

    @Test
    void aKeyThatIsSetTwiceIsRefusedWithBothLines() {
        yaml = "seed: {listen: 127.0.0.1:1}\nseed.listen: 127.0.0.1:2\n";

        assertRefused(file() + ":2: seed.listen is already set in " + file() + ":1");
    }

    @Test
    void aFileThatIsNotThereIsRefused() {
        assertThatThrownBy(() -> Settings.read(Path.of("/nowhere/pantala.yaml"), flags, environment))
                .isInstanceOf(ConfigException.class)
                .hasMessage("--config /nowhere/pantala.yaml: no such file");
    }

    @Test
    void anUnknownVariableIsRefusedWithTheNearest() {
        environment.put("PANTALA_SEED_LISTN", "a");

        assertRefused("unknown environment variable PANTALA_SEED_LISTN; the nearest known one is PANTALA_SEED_LISTEN");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    LISTEN           | here:             | listen = "here:" (--listen): must read HOST:PORT, such as 127.0.0.1:6460 or [::1]:6460
                    LISTEN           | ::1:80           | listen = "::1:80" (--listen): must read HOST:PORT, such as 127.0.0.1:6460 or [::1]:6460
                    LISTEN           | a:65536          | listen = "a:65536" (--listen): must read HOST:PORT, such as 127.0.0.1:6460 or [::1]:6460
                    SEEDS            | 10.1.2.3:6462    | seeds = "10.1.2.3:6462" (--seeds): is not a loopback address: over a network, links need join.token, which `pantala token` prints on a seed (or plaintext, on a network that all trust)
                    SEEDS            | [fd00::1]:6462   | seeds = "[fd00::1]:6462" (--seeds): is not a loopback address: over a network, links need join.token, which `pantala token` prints on a seed (or plaintext, on a network that all trust)
                    SEEDS            | 127.0.0.1:0      | seeds = "127.0.0.1:0" (--seeds): a seed's port can't be 0
                    DISK_QUOTA       | much             | disk.quota = "much" (--disk-quota): must be a size, such as 200GiB, 50GB or plain bytes
                    DISK_QUOTA       | 101%             | disk.quota = "101%" (--disk-quota): must be a share of the disk from 1% to 100%
                    DISK_QUOTA       | 99999999999PB    | disk.quota = "99999999999PB" (--disk-quota): is more than any disk holds
                    DRAIN_TIMEOUT    | 30               | drain.timeout = "30" (--drain-timeout): must be a time, such as 500ms, 30s or 2m
                    LOG_FORMAT       | xml              | log.format = "xml" (--log-format): must be one of [text, json]
                    LOG_LEVEL        | loud             | log.level = "loud" (--log-level): must be one of [error, warn, info, debug, trace]
                    UPSTREAM_URL     | a.example        | upstreams.NAME.url = "a.example" (--upstream): must read NAME=URL
                    UPSTREAM_URL     | a.example=ftp://u:secret@b | upstreams.a.example.url = "ftp://***@b" (--upstream): the url of upstream a.example must read https://host[:port] or http://host[:port]
                    UPSTREAM_URL     | a/b=http://c     | upstreams.a/b.url (--upstream): not the name of a registry: it must read host or host:port
                    UPSTREAM_CA      | a.example=/dev/null | upstreams.a.example.ca = "/dev/null" (--upstream-ca): needs a url too: upstreams.a.example.url
                    UPSTREAM_CA      | quay.io=/nowhere | upstreams.quay.io.ca = "/nowhere" (--upstream-ca): is no file that can be read
                    """)
    void aWrongValueIsRefusedWithItsKeyItsOriginAndWhatIsAllowed(Key key, String value, String message) {
        flags.put(key, List.of(value));

        assertRefused(message);
    }

    @Test
    void linksLeaveThisMachineWithATokenOrInPlaintextOnly() throws IOException {
        flags.put(Key.SEEDS, List.of("seeds.example,10.1.2.3:7000"));
        assertRefused(
                "seeds = \"seeds.example\" (--seeds): can't be resolved: without join.token, links stay on loopback");

        flags.put(Key.JOIN_TOKEN, List.of(TOKEN.text()));
        LinksConfig joining = host().links();
        assertThat(joining.seeds())
                .containsExactly(new NodeAddress("seeds.example", 6462), new NodeAddress("10.1.2.3", 7000));
        assertThat(joining.token()).contains(TOKEN);
        assertThat(joining.listen()).hasToString("[::]:6461");

        flags.put(Key.PLAINTEXT, List.of("true"));
        assertRefused("plaintext (--plaintext): with join.token, links are TLS; take one of the two away");

        flags.remove(Key.JOIN_TOKEN);
        assertThat(host().links().seeds()).isEqualTo(joining.seeds());
        assertThat(host().links().listen()).hasToString("[::]:6461");
    }

    @Test
    void aTokenIsReadFromAFileOrGivenButNotBoth() throws IOException {
        Path file = Files.writeString(directory.resolve("token"), TOKEN.text() + "\n");
        flags.put(Key.SEEDS, List.of("10.1.2.3"));
        flags.put(Key.JOIN_TOKEN_FILE, List.of(file.toString()));
        assertThat(host().links().token()).contains(TOKEN);
        assertThat(SeedConfig.read(settings()).token()).contains(TOKEN);

        environment.put("PANTALA_JOIN_TOKEN", TOKEN.text());
        assertRefused("join.token (PANTALA_JOIN_TOKEN) and join.token-file (--join-token-file): one of them is enough");

        environment.clear();
        Files.writeString(file, "not a token, but still a secret");
        assertRefused("join.token-file = \"" + file + "\" (--join-token-file): the file is no token: it reads"
                + " pantala1.FINGERPRINT.SECRET, as `pantala token` prints it");
    }

    @Test
    void aTokenThatIsWrongIsNotRepeated() {
        flags.put(Key.SEEDS, List.of("10.1.2.3"));
        environment.put("PANTALA_JOIN_TOKEN", TOKEN.text() + "x");

        assertRefused("join.token (PANTALA_JOIN_TOKEN): is no token: it reads pantala1.FINGERPRINT.SECRET,"
                + " as `pantala token` prints it");
    }

    @Test
    void aTokenWithoutSeedsIsRefused() {
        flags.put(Key.JOIN_TOKEN, List.of(TOKEN.text()));

        assertRefused("join.token: there is nothing to join without seeds; set seeds, too");
        assertThatThrownBy(() -> SeedConfig.read(settings())).hasMessageStartingWith("join.token: there is nothing");
    }

    @Test
    void aHostsBlocksStayOnThisMachineWithoutAToken() {
        flags.put(Key.SEEDS, List.of("127.0.0.1"));
        assertThat(host().links().listen()).hasToString("127.0.0.1:0");

        flags.put(Key.PEER_LISTEN, List.of("0.0.0.0"));
        assertRefused("peer.listen = \"0.0.0.0\" (--peer-listen): is not a loopback address: over a network, links need"
                + " join.token, which `pantala token` prints on a seed (or plaintext, on a network that all trust)");

        flags.put(Key.PEER_LISTEN, List.of("[::1]:7001"));
        flags.put(Key.PEER_ADVERTISE, List.of("host-7.example"));
        assertThat(host().links().listen()).hasToString("[0:0:0:0:0:0:0:1]:7001");
        assertThat(host().links().advertised()).contains(new NodeAddress("host-7.example", 7001));
    }

    @Test
    void aSeedTakesWhatItsClusterNeeds() throws IOException {
        Path file = Files.writeString(directory.resolve("any"), "");
        yaml = """
                seed.listen: "[::1]:7000"
                seeds: [seeds.example, "10.0.0.1:7"]
                plaintext: true
                cluster: {ca: %1$s, ca-key: %1$s}
                api.tokens-file: %1$s
                """.formatted(file);

        SeedConfig seed = SeedConfig.read(settings());

        assertThat(seed.listen()).hasToString("[::1]:7000");
        assertThat(seed.others())
                .containsExactly(new NodeAddress("seeds.example", 6462), new NodeAddress("10.0.0.1", 7));
        assertThat(seed.plaintext()).isTrue();
        assertThat(seed.given()).contains(new ClusterConfig.Given(file, file));
        assertThat(seed.apiTokens()).contains(file);

        flags.put(Key.JOIN_TOKEN, List.of(TOKEN.text()));
        assertThatThrownBy(() -> SeedConfig.read(settings()))
                .hasMessageStartingWith("cluster.ca: a seed with join.token");
        yaml = "cluster.ca: " + file;
        flags.clear();
        assertThatThrownBy(() -> SeedConfig.read(settings())).hasMessage("cluster.ca and cluster.ca-key go together");
        yaml = "plaintext: maybe";
        assertThatThrownBy(() -> SeedConfig.read(settings())).hasMessageEndingWith("must be true or false");
    }

    @Test
    void aDefaultUpstreamMustBeAnUpstream() {
        yaml = "\ndefault-upstream: nowhere.example";

        assertThatThrownBy(this::host)
                .hasMessageStartingWith("default-upstream = \"nowhere.example\" (" + file()
                        + ":2): is no upstream; add upstreams.nowhere.example.url or name one of [");
    }

    @Test
    void aValueThatIsGivenTwiceIsRefused() {
        flags.put(Key.LISTEN, List.of("127.0.0.1:1", "127.0.0.1:2"));

        assertRefused("listen (--listen): takes one value, not 2");
    }

    @Test
    void theSameRegistryByTwoNamesIsRefused() {
        flags.put(Key.UPSTREAM_URL, List.of("docker.io=http://a", "index.docker.io=http://b"));

        assertRefused("upstreams.index.docker.io.url (--upstream): the same registry as upstreams.docker.io.url"
                + " (--upstream)");
    }

    @ParameterizedTest
    @EnumSource(Key.class)
    void everyKeyIsItsOwnFlagAndVariable(Key key) {
        assertThat(Arrays.stream(Key.values()).map(Key::flag)).containsOnlyOnce(key.flag());
        assertThat(Arrays.stream(Key.values()).map(Key::variable)).containsOnlyOnce(key.variable());
    }

    @Test
    void flagsAndVariablesAreNamedAfterTheirKeys() {
        assertThat(Key.JOIN_TOKEN_FILE.flag()).isEqualTo("--join-token-file");
        assertThat(Key.JOIN_TOKEN_FILE.variable()).isEqualTo("PANTALA_JOIN_TOKEN_FILE");
        assertThat(Key.UPSTREAM_URL.flag()).isEqualTo("--upstream");
        assertThat(Key.UPSTREAM_CA.variable()).isEqualTo("PANTALA_UPSTREAM_CA");
    }

    @ParameterizedTest
    @ValueSource(strings = {"1%", "50%", "100%"})
    void aQuotaMayBeAShareOfTheDisk(String share) {
        flags.put(Key.DATA_DIR, List.of(directory.resolve("not/yet").toString()));
        flags.put(Key.DISK_QUOTA, List.of(share));

        long total = directory.toFile().getTotalSpace();
        int percent = Integer.parseInt(share.replace("%", ""));
        assertThat(host().node().quota()).hasValue(total / 100 * percent);
    }

    @Test
    void dataLiesWhereTheUserKeepsState() {
        assertThat(Disk.usualDirectory(Map.of(), true)).isEqualTo(Path.of("/var/lib/pantala"));
        assertThat(Disk.usualDirectory(Map.of("XDG_STATE_HOME", "/x"), false)).isEqualTo(Path.of("/x/pantala"));
        assertThat(Disk.usualDirectory(Map.of("XDG_STATE_HOME", "relative"), false))
                .isEqualTo(Path.of(System.getProperty("user.home"), ".local/state/pantala"));
    }

    private void assertRefused(String message) {
        assertThatThrownBy(this::host).isInstanceOf(ConfigException.class).hasMessage(message);
    }

    private HostConfig host() {
        return HostConfig.read(settings());
    }

    private Settings settings() {
        if (yaml.isEmpty()) {
            return Settings.read(null, flags, environment);
        }
        try {
            return Settings.read(Files.writeString(file(), yaml), flags, environment);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private Path file() {
        return directory.resolve("pantala.yaml");
    }
}
