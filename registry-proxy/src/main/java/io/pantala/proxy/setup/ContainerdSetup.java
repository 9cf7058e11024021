package io.pantala.proxy.setup;

import io.pantala.registry.Upstream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.tomlj.TomlArray;
import org.tomlj.TomlTable;

/** containerd: a {@code hosts.toml} for each registry, and where these are in its own file. */
final class ContainerdSetup {
    static final String FILE = "/etc/containerd/config.toml";
    private static final String DIRECTORY = "/etc/containerd/certs.d";
    private static final String CONFIG_PATH = "config_path";

    private ContainerdSetup() {}

    static void draft(Draft draft, Mode mode, Target target) throws SetupException {
        switch (mode) {
            case MIRROR -> mirror(draft, target);
            case PROXY -> {
                ServiceEnvironment.draft(draft, target, Engine.CONTAINERD, "containerd");
                draft.step("ctr resolves names itself: give it HTTPS_PROXY and SSL_CERT_DIR too");
            }
        }
    }

    private static void mirror(Draft draft, Target target) throws SetupException {
        String directory = configPath(draft);
        for (Upstream upstream : target.registries()) {
            hosts(draft, directory + "/" + upstream.name() + "/hosts.toml", upstream, target.url());
        }
        draft.step("ctr wants --hosts-dir " + directory);
    }

    /** Where the CRI plugin looks for hosts; where it looks nowhere, it is told to. */
    private static String configPath(Draft draft) throws SetupException {
        Optional<String> text = draft.read(FILE);
        if (text.isEmpty()) {
            draft.insert(FILE, List.of(new Insertion(0, """
                    version = 2

                    [plugins."io.containerd.grpc.v1.cri".registry]
                      config_path = "%s"
                    """.formatted(DIRECTORY))));
            return DIRECTORY;
        }
        TomlText toml = TomlText.parse(FILE, text.get());
        if (toml.get(List.of("disabled_plugins")) instanceof TomlArray disabled
                && disabled.toList().stream()
                        .anyMatch(name -> String.valueOf(name).endsWith("cri"))) {
            draft.step("the CRI plugin is disabled in " + FILE + ": clients such as nerdctl find " + DIRECTORY
                    + " themselves");
            return DIRECTORY;
        }
        List<String> registry = registryTable(toml);
        Optional<TomlTable> table = toml.table(registry);
        String set = table.map(found -> TomlText.string(found, CONFIG_PATH)).orElse("");
        if (!set.isEmpty()) {
            return set.split(":", 2)[0];
        }
        for (String old : List.of("mirrors", "configs")) {
            if (table.isPresent()
                    && table.get().get(List.of(old)) instanceof TomlTable inTheWay
                    && !inTheWay.isEmpty()) {
                throw toml.wrong(String.join(".", registry) + "." + old + " and " + CONFIG_PATH
                        + " exclude each other: move what is there to " + DIRECTORY + "/NAME/hosts.toml first");
            }
        }
        Insertion insertion = table.isPresent() && table.get().contains(List.of(CONFIG_PATH))
                ? toml.insertIntoValue(below(registry, CONFIG_PATH), DIRECTORY)
                : toml.addTo(registry, "  " + CONFIG_PATH + " = \"" + DIRECTORY + "\"\n", header(registry));
        toml.check(
                List.of(insertion),
                edited -> DIRECTORY.equals(edited.get(below(registry, CONFIG_PATH))),
                header(registry) + "\n" + CONFIG_PATH + " = \"" + DIRECTORY + "\"");
        draft.insert(FILE, List.of(insertion));
        return DIRECTORY;
    }

    private static List<String> registryTable(TomlText toml) {
        long version = toml.get(List.of("version")) instanceof Long number ? number : 1;
        if (version < 2) {
            return List.of("plugins", "cri", "registry");
        }
        return version == 2
                ? List.of("plugins", "io.containerd.grpc.v1.cri", "registry")
                : List.of("plugins", "io.containerd.cri.v1.images", "registry");
    }

    private static String header(List<String> names) {
        StringBuilder header = new StringBuilder("[");
        for (String name : names) {
            header.append(header.length() == 1 ? "" : ".")
                    .append(name.matches("[A-Za-z0-9_-]+") ? name : '"' + name + '"');
        }
        return header.append(']').toString();
    }

    private static List<String> below(List<String> names, String name) {
        List<String> all = new ArrayList<>(names);
        all.add(name);
        return all;
    }

    private static void hosts(Draft draft, String path, Upstream upstream, String url) throws SetupException {
        String ours = """
                [host."%s"]
                  capabilities = ["pull", "resolve"]
                """.formatted(url);
        Optional<String> text = draft.read(path);
        if (text.isEmpty()) {
            draft.insert(path, List.of(new Insertion(0, "server = \"" + upstream.url() + "\"\n\n" + ours)));
            return;
        }
        TomlText toml = TomlText.parse(path, text.get());
        Optional<TomlTable> hosts = toml.table(List.of("host"));
        if (hosts.isPresent() && hosts.get().contains(List.of(url))) {
            return;
        }
        // containerd asks hosts in the order in which they stand.
        Insertion insertion = hosts.isPresent() ? toml.block(toml.nextHeader(0), ours) : toml.append(ours);
        toml.check(
                List.of(insertion), edited -> edited.table(List.of("host", url)).isPresent(), ours);
        draft.insert(path, List.of(insertion));
    }
}
