# Joint tests of interactions, computed with R.
#
#   Rscript make_joint_tests_reference.R REFERENCE_FOLDER
#
# REFERENCE_FOLDER holds sim_toxicity.csv.gz and receives joint_tests.json.
#
# Of clm and clmm: emmeans::joint_tests, whose F times its df is Wald's chi-squared. Of lmer:
# lmerTest's anova (type III), and for an interaction together with the one that contains it
# contestMD of its coefficients, both with Satterthwaite's degrees of freedom. Treatment coding.

suppressPackageStartupMessages({
  library(ordinal); library(lmerTest); library(emmeans); library(jsonlite)
})
options(contrasts = c("contr.treatment", "contr.poly"))

folder <- commandArgs(trailingOnly = TRUE)[1]
d <- read.csv(gzfile(file.path(folder, "sim_toxicity.csv.gz")))
d <- d[d$gender %in% c("Female", "Male") & d$politics != "" & d$age != "", ]
d$age <- ifelse(d$age %in% c("18-30", "31-40"), "younger", "older")
for (name in c("gender", "politics", "age")) d[[name]] <- factor(d[[name]])
d$category <- factor(d$rating, ordered = TRUE)

walds <- function(model) {
  table <- as.data.frame(joint_tests(model))
  rows <- lapply(seq_len(nrow(table)), function(k)
    list(chisq = table$F.ratio[k] * table$df1[k], df = table$df1[k], p = table$p.value[k]))
  setNames(rows, table[["model term"]])
}
fs <- function(table) setNames(
  lapply(seq_len(nrow(table)), function(k)
    list(F = table[k, "F value"], df = table[k, "NumDF"], df_residual = table[k, "DenDF"],
         p = table[k, "Pr(>F)"])),
  rownames(table))

fixed <- clm(category ~ gender * politics, data = d)
mixed <- clmm(category ~ gender * politics * age + (1 | rater), data = d)
linear <- lmer(rating ~ gender * politics * age + (1 | rater) + (1 | item), data = d)
names <- names(fixef(linear))
both <- grepl("gender", names) & grepl("politics", names)
L <- diag(length(names))[both, ]

made <- list(
  versions = lapply(c(R = "base", ordinal = "ordinal", lmerTest = "lmerTest", emmeans = "emmeans"),
                    function(p) as.character(packageVersion(p))),
  clm = walds(fixed),
  clmm = walds(mixed),
  lmer = fs(anova(linear)),
  lmer_containing = fs(`rownames<-`(contestMD(linear, L), "gender:politics"))
)
writeLines(toJSON(made, auto_unbox = TRUE, digits = I(12), pretty = 1),
           file.path(folder, "joint_tests.json"))
