package io.pantala.proxy.setup;

import io.pantala.registry.Upstream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.tomlj.TomlArray;
import org.tomlj.TomlTable;

/** Podman, with Buildah and skopeo, and CRI-O: {@code registries.conf}, and certificates by registry. */
final class ContainersSetup {
    private static final String REGISTRY = "registry";
    private static final String MIRROR = "mirror";
    private static final String LOCATION = "location";

    private ContainersSetup() {}

    static void draft(Draft draft, Engine engine, Mode mode, Target target) throws SetupException {
        switch (mode) {
            case MIRROR -> mirror(draft, engine, target);
            case PROXY -> proxy(draft, engine, target);
        }
    }

    private static void mirror(Draft draft, Engine engine, Target target) throws SetupException {
        List<String> files = new ArrayList<>(List.of(target.containers() + "/registries.conf"));
        files.addAll(draft.list(target.containers() + "/registries.conf.d", ".conf"));
        StringBuilder own = new StringBuilder("# pantala setup " + engine.title() + " --undo takes this away.\n");
        boolean any = false;
        for (Upstream upstream : target.registries()) {
            String mirror = target.proxy() + "/" + upstream.name();
            String ours = """
                    [[registry.mirror]]
                    location = "%s"
                    insecure = true
                    """.formatted(mirror);
            if (!addToExisting(draft, files, upstream.name().value(), mirror, ours)) {
                own.append("""

                        [[registry]]
                        prefix = "%1$s"
                        location = "%1$s"

                        """.formatted(upstream.name())).append(ours);
                any = true;
            }
        }
        if (any) {
            draft.own(target.containers() + "/registries.conf.d/pantala-" + engine.title() + ".conf", own.toString());
        }
    }

    /** Of several tables for one registry the last one counts, as a whole: so ours must not stand beside another. */
    private static boolean addToExisting(Draft draft, List<String> files, String name, String mirror, String ours)
            throws SetupException {
        for (String file : files.reversed()) {
            TomlText toml = TomlText.parse(file, draft.textOf(file));
            List<TomlTable> registries = toml.tables(REGISTRY);
            for (int i = registries.size() - 1; i >= 0; i--) {
                TomlTable registry = registries.get(i);
                String prefix = TomlText.string(registry, "prefix");
                if (!(prefix.isEmpty() ? TomlText.string(registry, LOCATION) : prefix).equals(name)) {
                    continue;
                }
                if (!hasMirror(registry, mirror)) {
                    int start = toml.startOf(toml.array(REGISTRY), i);
                    int at = registry.get(List.of(MIRROR)) instanceof TomlArray mirrors && !mirrors.isEmpty()
                            ? toml.startOf(mirrors, 0)
                            : toml.nextHeader(start + 1);
                    Insertion insertion = toml.block(at, ours);
                    int index = i;
                    toml.check(
                            List.of(insertion),
                            edited -> mirror.equals(TomlText.string(
                                    TomlText.tables(edited.tables(REGISTRY).get(index), MIRROR)
                                            .getFirst(),
                                    LOCATION)),
                            ours);
                    draft.insert(file, List.of(insertion));
                }
                return true;
            }
        }
        return false;
    }

    private static boolean hasMirror(TomlTable registry, String mirror) {
        return TomlText.tables(registry, MIRROR).stream()
                .anyMatch(each -> TomlText.string(each, LOCATION).equals(mirror));
    }

    private static void proxy(Draft draft, Engine engine, Target target) throws SetupException {
        String certificate = target.certificateOrFail();
        for (Upstream upstream : target.registries()) {
            draft.own(
                    "%s/certs.d/%s/pantala-%s.crt".formatted(target.containers(), upstream.name(), engine.title()),
                    certificate);
        }
        if (engine == Engine.CRIO) {
            ServiceEnvironment.draft(draft, target, engine, "crio");
            return;
        }
        List<String> files = new ArrayList<>(List.of(target.containers() + "/containers.conf"));
        files.addAll(draft.list(target.containers() + "/containers.conf.d", ".conf"));
        for (String file : files) {
            refuseIfTaken(TomlText.parse(file, draft.textOf(file)));
        }
        // Without the second key containers would inherit a proxy that only this host can reach.
        draft.own(target.containers() + "/containers.conf.d/pantala-podman.conf", """
                # pantala setup podman --undo takes this away.
                [engine]
                env = ["HTTP_PROXY=%1$s", "HTTPS_PROXY=%1$s"]

                [containers]
                http_proxy = false
                """.formatted(target.url()));
        draft.step("skopeo does not read containers.conf: give it HTTPS_PROXY=" + target.url());
    }

    private static void refuseIfTaken(TomlText toml) throws SetupException {
        if (toml.get(List.of("engine", "env")) instanceof TomlArray environment && !environment.isEmpty()) {
            boolean proxy = environment.toList().stream()
                    .anyMatch(each ->
                            Objects.toString(each).toLowerCase(Locale.ROOT).contains("_proxy="));
            throw toml.wrong("engine.env is set, and files after it would replace it: "
                    + (proxy
                            ? "take its proxy out, and give that to Pantala as upstreams.NAME.proxy"
                            : "add HTTP_PROXY and HTTPS_PROXY to it by hand"));
        }
    }
}
