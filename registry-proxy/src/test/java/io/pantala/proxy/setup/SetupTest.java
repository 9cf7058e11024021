package io.pantala.proxy.setup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pantala.manifest.UpstreamName;
import io.pantala.registry.Upstream;
import io.pantala.transport.NodeAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class SetupTest {
    private static final NodeAddress PROXY = new NodeAddress("127.0.0.1", 6460);
    private static final String CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";
    private static final Upstream HUB =
            new Upstream(UpstreamName.DOCKER_HUB, URI.create("https://registry-1.docker.io"));
    private static final Upstream GHCR = new Upstream(UpstreamName.parse("ghcr.io"), URI.create("https://ghcr.io"));

    @TempDir
    private Path root;

    static List<Arguments> everyEngineInEachMode() {
        return Stream.of(Engine.values())
                .flatMap(engine -> Stream.of(Mode.values()).map(mode -> Arguments.of(engine, mode)))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("everyEngineInEachMode")
    void undoLeavesEveryFileAsItWasByteForByte(Engine engine, Mode mode) throws Exception {
        write("/etc/docker/daemon.json", "{\n\t\"debug\": true,\r\n\t\"registry-mirrors\": [ \"http://other\" ]\n}");
        write("/etc/containerd/config.toml", "# mine\nversion = 2\n[plugins.\"io.containerd.grpc.v1.cri\"]\n  x = 1");
        write("/etc/containerd/certs.d/docker.io/hosts.toml", "server = \"https://registry-1.docker.io\" # mine");
        write("/etc/containers/registries.conf", "[[registry]]\nprefix = 'docker.io'\nlocation = 'docker.io' # mine");
        write("/etc/buildkit/buildkitd.toml", "debug = true\n[registry.\"docker.io\"]\n  mirrors = [\"other\"]\n\n");
        Files.setPosixFilePermissions(at("/etc/docker/daemon.json"), PosixFilePermissions.fromString("rw-------"));
        Map<String, String> before = files();
        Setup setup = setup(engine);

        setup.apply(mode, target(), false);
        assertThat(files()).isNotEqualTo(before);
        assertThat(Files.getPosixFilePermissions(at("/etc/docker/daemon.json")))
                .isEqualTo(PosixFilePermissions.fromString("rw-------"));
        Setup.Outcome undone = setup.undo(false);

        assertThat(undone.changes()).isNotEmpty();
        assertThat(files()).isEqualTo(before);
        assertThat(setup.undo(false).changes()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("everyEngineInEachMode")
    void undoLeavesNothingOnAnEmptySystem(Engine engine, Mode mode) throws Exception {
        setup(engine).apply(mode, target(), false);
        setup(engine).undo(false);

        assertThat(Files.exists(root.resolve("etc"))).isFalse();
        assertThat(files()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("everyEngineInEachMode")
    void aSecondTimeChangesNothing(Engine engine, Mode mode) throws Exception {
        Setup.Outcome first = setup(engine).apply(mode, target(), false);
        Map<String, String> after = files();
        Setup.Outcome second = setup(engine).apply(mode, target(), false);

        assertThat(first.changes()).isNotEmpty();
        assertThat(second.changes()).isEmpty();
        assertThat(files()).isEqualTo(after);
    }

    @ParameterizedTest
    @MethodSource("everyEngineInEachMode")
    void aDryRunTellsAndChangesNothing(Engine engine, Mode mode) throws Exception {
        Setup.Outcome told = setup(engine).apply(mode, target(), true);

        assertThat(files()).isEmpty();
        assertThat(setup(engine).apply(mode, target(), false)).isEqualTo(told);
    }

    @ParameterizedTest
    @MethodSource("everyEngineInEachMode")
    void theOtherModeTakesThePlaceOfTheFirst(Engine engine, Mode mode) throws Exception {
        Mode other = mode == Mode.MIRROR ? Mode.PROXY : Mode.MIRROR;
        setup(engine).apply(mode, target(), false);
        Map<String, String> only = files();
        setup(engine).apply(other, target(), false);
        setup(engine).apply(mode, target(), false);

        assertThat(files()).isEqualTo(only);
        setup(engine).undo(false);
        assertThat(files()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "DOCKER, MIRROR, systemctl reload docker",
        "DOCKER, PROXY, systemctl daemon-reload && systemctl restart docker",
        "CONTAINERD, MIRROR, systemctl restart containerd",
        "CONTAINERD, PROXY, systemctl daemon-reload && systemctl restart containerd",
        "CRIO, MIRROR, systemctl reload crio",
        "CRIO, PROXY, systemctl daemon-reload && systemctl restart crio",
        "BUILDKIT, MIRROR, systemctl restart buildkit",
        "BUILDKIT, PROXY, systemctl daemon-reload && systemctl restart buildkit"
    })
    void whatMustBeRestartedIsSaidBothWays(Engine engine, Mode mode, String step) throws Exception {
        assertThat(setup(engine).apply(mode, target(), false).steps().getFirst())
                .startsWith(step);
        assertThat(setup(engine).undo(false).steps()).singleElement().asString().startsWith(step);
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void nothingOfPodmanRunsSoThatNothingIsToBeRestarted(Mode mode) throws Exception {
        assertThat(setup(Engine.PODMAN).apply(mode, target(), false).steps())
                .noneMatch(step -> step.contains("systemctl"));
        assertThat(setup(Engine.PODMAN).undo(false).steps()).isEmpty();
    }

    @Test
    void aServiceIsRestartedWhenItsEnvironmentGoesToo() throws Exception {
        setup(Engine.DOCKER).apply(Mode.PROXY, target(), false);

        assertThat(setup(Engine.DOCKER).apply(Mode.MIRROR, target(), false).steps())
                .first()
                .isEqualTo("systemctl daemon-reload && systemctl restart docker");
    }

    @Test
    void containerdLooksAtItsHostsEachTime() throws Exception {
        write("/etc/containerd/config.toml", """
                version = 2
                [plugins."io.containerd.grpc.v1.cri".registry]
                  config_path = "/etc/containerd/certs.d"
                """);
        setup(Engine.CONTAINERD).apply(Mode.MIRROR, target(), false);

        assertThat(setup(Engine.CONTAINERD).undo(false).steps()).isEmpty();
    }

    @Test
    void dockerAsksPantalaBeforeTheMirrorsThereWere() throws Exception {
        write("/etc/docker/daemon.json", "{\n    \"debug\": true,\n    \"registry-mirrors\": [\"http://other\"]\n}\n");

        Setup.Outcome outcome = setup(Engine.DOCKER).apply(Mode.MIRROR, target(), false);

        assertThat(read("/etc/docker/daemon.json")).isEqualTo("""
                {
                    "debug": true,
                    "registry-mirrors": ["http://127.0.0.1:6460", "http://other"]
                }
                """);
        assertThat(outcome.steps().getFirst()).startsWith("systemctl reload docker");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    {}                     | {\\n  "registry-mirrors": ["http://127.0.0.1:6460"]\\n}
                    { "debug": true }      | { "registry-mirrors": ["http://127.0.0.1:6460"], "debug": true }
                    {\\n\\t"debug": true\\n} | {\\n\\t"registry-mirrors": ["http://127.0.0.1:6460"],\\n\\t"debug": true\\n}
                    {"registry-mirrors":[]} | {"registry-mirrors":["http://127.0.0.1:6460"]}
                    {"debug":true}         | {\\n  "registry-mirrors": ["http://127.0.0.1:6460"],"debug":true}
                    """)
    void aMirrorIsAddedInTheStyleOfTheFile(String before, String after) throws Exception {
        write("/etc/docker/daemon.json", before.replace("\\n", "\n").replace("\\t", "\t"));

        setup(Engine.DOCKER).apply(Mode.MIRROR, target(), false);

        assertThat(read("/etc/docker/daemon.json"))
                .isEqualTo(after.replace("\\n", "\n").replace("\\t", "\t"));
    }

    @Test
    void whatSomebodyAddedSinceStaysWhenTheRestIsUndone() throws Exception {
        write("/etc/docker/daemon.json", "{\n  \"debug\": true\n}\n");
        setup(Engine.DOCKER).apply(Mode.MIRROR, target(), false);
        write("/etc/docker/daemon.json", read("/etc/docker/daemon.json").replace("true", "true,\n  \"ipv6\": true"));

        setup(Engine.DOCKER).undo(false);

        assertThat(read("/etc/docker/daemon.json")).isEqualTo("{\n  \"debug\": true,\n  \"ipv6\": true\n}\n");
    }

    @Test
    void whatCannotBeUndoneIsLeftAndItsBackupNamed() throws Exception {
        write("/etc/docker/daemon.json", "{ \"debug\": true }");
        setup(Engine.DOCKER).apply(Mode.MIRROR, target(), false);
        write("/etc/docker/daemon.json", "{ \"registry-mirrors\": [ \"http://127.0.0.1:6460\" ] }");

        assertThatThrownBy(() -> setup(Engine.DOCKER).undo(false))
                .isInstanceOf(SetupException.class)
                .hasMessageContaining("/etc/docker/daemon.json was changed by hand")
                .hasMessageContaining("/var/lib/pantala/setup/docker/0-daemon.json");
        assertThat(read("/var/lib/pantala/setup/docker/0-daemon.json")).isEqualTo("{ \"debug\": true }");
        assertThat(read("/etc/docker/daemon.json")).contains("127.0.0.1:6460");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    DOCKER     | MIRROR | /etc/docker/daemon.json                              | {\\n"a": 1,}         | /etc/docker/daemon.json:2: not JSON
                    DOCKER     | MIRROR | /etc/docker/daemon.json                              | []                   | holds no JSON object
                    DOCKER     | MIRROR | /etc/docker/daemon.json                              | {"registry-mirrors": "x"} | must be a list
                    DOCKER     | MIRROR | /etc/default/docker                                  | --registry-mirror=x  | from one place only
                    DOCKER     | PROXY  | /etc/docker/daemon.json                              | {"proxies": {"http-proxy": "x"}} | upstreams.NAME.proxy
                    DOCKER     | PROXY  | /etc/systemd/system/docker.service.d/p.conf          | Environment=HTTPS_PROXY=http://x:1 | p.conf sets HTTPS_PROXY already
                    CONTAINERD | MIRROR | /etc/containerd/config.toml                          | version = 2\\n[[[     | /etc/containerd/config.toml:2: not TOML
                    CONTAINERD | MIRROR | /etc/containerd/config.toml                          | version = 2\\n[plugins."io.containerd.grpc.v1.cri".registry.mirrors.x]\\na = 1 | exclude each other
                    CONTAINERD | MIRROR | /etc/containerd/config.toml                          | version = 2\\nplugins = {} | add by hand
                    PODMAN     | PROXY  | /etc/containers/containers.conf                      | [engine]\\nenv = ["HTTPS_PROXY=x"] | upstreams.NAME.proxy
                    PODMAN     | MIRROR | /etc/containers/registries.conf                      | a = = b              | not TOML
                    BUILDKIT   | MIRROR | /etc/buildkit/buildkitd.toml                         | registry = {}        | add by hand
                    """)
    void whatStandsInTheWayIsSaidAndNothingIsChanged(Engine engine, Mode mode, String path, String text, String reason)
            throws Exception {
        write(path, text.replace("\\n", "\n"));
        Map<String, String> before = files();

        assertThatThrownBy(() -> setup(engine).apply(mode, target(), false))
                .isInstanceOf(SetupException.class)
                .hasMessageContaining(reason)
                .hasMessageContaining(path);

        assertThat(files()).isEqualTo(before);
    }

    @Test
    void withoutAnAuthorityAProxyCannotBeTrusted() {
        Target none = new Target(PROXY, List.of(HUB), Optional.empty(), Target.CONTAINERS);

        assertThatThrownBy(() -> setup(Engine.DOCKER).apply(Mode.PROXY, none, false))
                .hasMessageContaining("start pantala proxy once");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    version = 2                                                                 | io.containerd.grpc.v1.cri
                    version = 3                                                                 | io.containerd.cri.v1.images
                    root = "/x"                                                                 | cri
                    version = 2\\n[plugins."io.containerd.grpc.v1.cri".registry]\\n  config_path = ""\\n[x]\\ny = 1 | io.containerd.grpc.v1.cri
                    version = 2\\n[plugins."io.containerd.grpc.v1.cri".registry] # mine\\n[x]\\ny = 1 | io.containerd.grpc.v1.cri
                    version = 2\\n[plugins."io.containerd.grpc.v1.cri".registry.auths]\\n[x]\\ny = 1 | io.containerd.grpc.v1.cri
                    version = 2\\n[plugins."io.containerd.grpc.v1.cri".registry]                | io.containerd.grpc.v1.cri
                    """)
    void containerdIsToldWhereHostsAreInTheWordsOfItsVersion(String before, String plugin) throws Exception {
        String text = before.replace("\\n", "\n");
        write("/etc/containerd/config.toml", text);

        setup(Engine.CONTAINERD).apply(Mode.MIRROR, target(), false);

        TomlText after = TomlText.parse("", read("/etc/containerd/config.toml"));
        assertThat(after.get(List.of("plugins", plugin, "registry", "config_path")))
                .isEqualTo("/etc/containerd/certs.d");
        assertThat(after.get(List.of("x", "y"))).isEqualTo(text.contains("[x]") ? 1L : null);
        assertThat(read("/etc/containerd/certs.d/ghcr.io/hosts.toml")).isEqualTo("""
                server = "https://ghcr.io"

                [host."http://127.0.0.1:6460"]
                  capabilities = ["pull", "resolve"]
                """);
    }

    @Test
    void containerdsOwnDirectoryOfHostsIsUsed() throws Exception {
        write("/etc/containerd/config.toml", """
                version = 2
                [plugins."io.containerd.grpc.v1.cri".registry]
                  config_path = "/opt/hosts:/etc/docker/certs.d"
                """);
        write("/opt/hosts/docker.io/hosts.toml", """
                # ours
                [host."https://first"]
                  skip_verify = true
                """);

        Setup.Outcome outcome = setup(Engine.CONTAINERD).apply(Mode.MIRROR, target(), false);

        assertThat(read("/opt/hosts/docker.io/hosts.toml")).isEqualTo("""
                # ours
                [host."http://127.0.0.1:6460"]
                  capabilities = ["pull", "resolve"]

                [host."https://first"]
                  skip_verify = true
                """);
        assertThat(outcome.steps()).noneMatch(step -> step.contains("restart"));
    }

    @Test
    void aRegistryThatPodmanKnowsAlreadyKeepsWhatIsSaidOfIt() throws Exception {
        write("/etc/containers/registries.conf", """
                unqualified-search-registries = [
                    "docker.io",
                ]
                [[registry]]
                location = "quay.io"
                blocked = true
                [[registry]]
                prefix = "docker.io"
                location = "hub.corp"
                  [[registry.mirror]]
                  location = "first.corp"
                """);

        setup(Engine.PODMAN).apply(Mode.MIRROR, target(), false);

        TomlText after = TomlText.parse("", read("/etc/containers/registries.conf"));
        var hub = after.tables("registry").get(1);
        assertThat(TomlText.string(hub, "location")).isEqualTo("hub.corp");
        assertThat(TomlText.tables(hub, "mirror"))
                .extracting(mirror -> TomlText.string(mirror, "location"))
                .containsExactly("127.0.0.1:6460/docker.io", "first.corp");
        assertThat(read("/etc/containers/registries.conf.d/pantala-podman.conf"))
                .contains("127.0.0.1:6460/ghcr.io")
                .doesNotContain("docker.io");
    }

    @Test
    void podmanAndCrioAreSetUpAndTakenBackApart() throws Exception {
        setup(Engine.PODMAN).apply(Mode.MIRROR, target(), false);
        Map<String, String> podman = files();
        setup(Engine.CRIO).apply(Mode.MIRROR, target(), false);
        setup(Engine.CRIO).undo(false);

        assertThat(files()).isEqualTo(podman);
    }

    @Test
    void buildkitKeepsTheMirrorsItHas() throws Exception {
        write("/etc/buildkit/buildkitd.toml", """
                [registry."docker.io"]
                  mirrors = ["other"]
                [registry."ghcr.io"]
                  http = false
                """);

        setup(Engine.BUILDKIT).apply(Mode.MIRROR, target(), false);

        assertThat(read("/etc/buildkit/buildkitd.toml")).isEqualTo("""
                [registry."docker.io"]
                  mirrors = ["127.0.0.1:6460", "other"]
                [registry."ghcr.io"]
                  mirrors = ["127.0.0.1:6460"]
                  http = false

                [registry."127.0.0.1:6460"]
                  http = true
                """);
    }

    @Test
    void nothingIsWrittenThroughALinkOutOfTheSystem(@TempDir Path elsewhere) throws Exception {
        Files.createDirectories(root.resolve("etc"));
        Files.createSymbolicLink(root.resolve("etc/docker"), elsewhere);

        assertThatThrownBy(() -> setup(Engine.DOCKER).apply(Mode.MIRROR, target(), false))
                .hasMessageContaining("behind a link that leads out");
        assertThat(elsewhere).isEmptyDirectory();
    }

    @Test
    void aLinkInsideTheSystemStaysALink() throws Exception {
        write("/etc/real.json", "{}");
        Files.createDirectories(root.resolve("etc/docker"));
        Files.createSymbolicLink(root.resolve("etc/docker/daemon.json"), Path.of("../real.json"));

        setup(Engine.DOCKER).apply(Mode.MIRROR, target(), false);

        assertThat(root.resolve("etc/docker/daemon.json")).isSymbolicLink();
        assertThat(read("/etc/real.json")).contains("127.0.0.1:6460");
    }

    private Setup setup(Engine engine) {
        return new Setup(root, Path.of("/var/lib/pantala"), engine);
    }

    private static Target target() {
        return new Target(PROXY, List.of(HUB, GHCR), Optional.of(CERTIFICATE), Target.CONTAINERS);
    }

    private Path at(String path) {
        return root.resolve(path.substring(1));
    }

    private void write(String path, String text) throws IOException {
        Files.createDirectories(at(path).getParent());
        Files.writeString(at(path), text);
    }

    private String read(String path) throws IOException {
        return Files.readString(at(path));
    }

    private Map<String, String> files() throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            Map<String, String> files = new TreeMap<>();
            all.filter(Files::isRegularFile).forEach(file -> {
                try {
                    files.put(root.relativize(file).toString(), Files.readString(file));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            return files;
        }
    }
}
