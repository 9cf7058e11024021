package io.pantala.examples;

import static com.tngtech.archunit.base.DescribedPredicate.alwaysTrue;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The examples stand on the rig, which knows none of them, and not on one another. */
@AnalyzeClasses(packages = "io.pantala", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule packagesHaveNoCycles =
            slices().matching("io.pantala.examples.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule examplesShareTheRigAlone = slices().matching("io.pantala.examples.(**)")
            .should()
            .notDependOnEachOther()
            .ignoreDependency(alwaysTrue(), resideInAPackage("io.pantala.examples.rig.."));

    @ArchTest
    static final ArchRule theProductKnowsNoExample = noClasses()
            .that()
            .resideOutsideOfPackage("io.pantala.examples..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.pantala.examples..");
}
