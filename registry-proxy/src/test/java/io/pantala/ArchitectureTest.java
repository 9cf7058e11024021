package io.pantala;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The tower: one floor per module, and imports only ever go down. */
@AnalyzeClasses(
        packages = "io.pantala",
        importOptions = {ImportOption.DoNotIncludeTests.class, ArchitectureTest.DoNotIncludeTestJars.class})
class ArchitectureTest {
    /** What other modules' tests share comes in jars once these are packaged. */
    static final class DoNotIncludeTestJars implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("-tests.jar");
        }
    }

    @ArchTest
    static final ArchRule importsOnlyGoDown = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .withOptionalLayers(true)
            .layer("manifest")
            .definedBy("io.pantala.manifest..")
            .layer("peer-transport")
            .definedBy("io.pantala.store..", "io.pantala.transport..", "io.pantala.swarm..")
            .layer("seed-node")
            .definedBy("io.pantala.registry..", "io.pantala.seed..")
            .layer("registry-proxy")
            .definedBy("io.pantala.proxy..")
            .whereLayer("registry-proxy")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("seed-node")
            .mayOnlyBeAccessedByLayers("registry-proxy")
            .whereLayer("peer-transport")
            .mayOnlyBeAccessedByLayers("seed-node", "registry-proxy")
            .ensureAllClassesAreContainedInArchitecture();

    @ArchTest
    static final ArchRule packagesHaveNoCycles =
            slices().matching("io.pantala.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule manifestUsesTheJdkAndJacksonAlone = classes()
            .that()
            .resideInAPackage("io.pantala.manifest..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage("io.pantala.manifest..", "java..", "com.fasterxml.jackson..", "org.jspecify..");

    @ArchTest
    static final ArchRule manifestAndScheduleDoNoInputOrOutput = noClasses()
            .that()
            .resideInAnyPackage("io.pantala.manifest..", "io.pantala.seed.schedule..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "java.nio.file..", "java.nio.channels..", "java.net.http..", "io.vertx..", "io.netty..");
}
