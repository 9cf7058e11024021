package io.pantala.proxy.setup;

import io.pantala.registry.Upstream;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.tomlj.TomlArray;
import org.tomlj.TomlTable;

/** BuildKit as a service of its own: {@code buildkitd.toml}, which has no files beside it. */
final class BuildkitSetup {
    static final String FILE = "/etc/buildkit/buildkitd.toml";
    private static final String REGISTRY = "registry";
    private static final String MIRRORS = "mirrors";

    private BuildkitSetup() {}

    static void draft(Draft draft, Mode mode, Target target) throws SetupException {
        switch (mode) {
            case MIRROR -> mirror(draft, target);
            case PROXY -> ServiceEnvironment.draft(draft, target, Engine.BUILDKIT, "buildkit");
        }
    }

    private static void mirror(Draft draft, Target target) throws SetupException {
        TomlText toml = TomlText.parse(FILE, draft.read(FILE).orElse(""));
        String proxy = target.proxy().toString();
        List<Insertion> insertions = new ArrayList<>();
        StringBuilder tables = new StringBuilder();
        for (Upstream upstream : target.registries()) {
            String name = upstream.name().value();
            Optional<TomlTable> table = toml.table(List.of(REGISTRY, name));
            Optional<TomlArray> mirrors = table.map(found -> found.get(List.of(MIRRORS)))
                    .filter(TomlArray.class::isInstance)
                    .map(TomlArray.class::cast);
            String ours = '"' + proxy + '"';
            if (mirrors.isPresent()) {
                if (mirrors.get().toList().stream().noneMatch(each -> Objects.equals(each, proxy))) {
                    insertions.add(toml.insertIntoValue(
                            List.of(REGISTRY, name, MIRRORS), mirrors.get().isEmpty() ? ours : ours + ", "));
                }
            } else if (table.isPresent()) {
                insertions.add(toml.addTo(
                        List.of(REGISTRY, name), "  mirrors = [" + ours + "]\n", "[registry.\"" + name + "\"]"));
            } else {
                tables.append("[registry.\"%s\"]\n  mirrors = [%s]\n\n".formatted(name, ours));
            }
        }
        if (toml.table(List.of(REGISTRY, proxy)).isEmpty()) {
            tables.append("[registry.%s]\n  http = true\n".formatted('"' + proxy + '"'));
        }
        if (!tables.isEmpty()) {
            insertions.add(toml.append(tables.toString()));
        }
        toml.check(
                insertions,
                edited -> target.registries().stream().allMatch(upstream -> names(edited, upstream, proxy)),
                tables.toString());
        draft.insert(FILE, insertions);
    }

    private static boolean names(TomlText toml, Upstream upstream, String proxy) {
        return toml.get(List.of(REGISTRY, upstream.name().value(), MIRRORS)) instanceof TomlArray set
                && set.toList().contains(proxy);
    }
}
