# Effects of covariates that differ between raters, items or ratings, computed with R.
#
#   Rscript make_covariate_reference.R REFERENCE_FOLDER
#
# REFERENCE_FOLDER holds sim_covariates.csv and receives covariates.json.
#
# The models are those that covariate_effects has of each covariate: ordinal::clmm of the ratings,
# lme4::lmer (REML, Satterthwaite's degrees of freedom by lmerTest) of the latent ones (score).
# words are in standard deviations over items.

suppressPackageStartupMessages({ library(ordinal); library(lmerTest); library(jsonlite) })
options(contrasts = c("contr.treatment", "contr.poly"))

folder <- commandArgs(trailingOnly = TRUE)[1]
d <- read.csv(file.path(folder, "sim_covariates.csv"))
for (name in c("rater", "item", "gender", "source", "shown", "spoken")) d[[name]] <- factor(d[[name]])
d$category <- factor(d$rating, ordered = TRUE)
one <- d[!duplicated(d$item), "words"]
d$words <- (d$words - mean(one)) / sd(one)

random <- list(
  source = "(1 + source | rater) + (1 | item)",
  words = "(1 + words | rater) + (1 | item)",
  shown = "(1 + shown | rater) + (1 + shown | item)",
  apart = "(1 | rater) + (1 | rater:shown) + (1 + shown | item)",
  spoken = "(1 | rater) + (1 + spoken | item)"
)
term <- c(source = "sourceweb", words = "words", shown = "shownlate", apart = "shownlate",
          spoken = "spokennl")

sds <- function(model) unlist(lapply(VarCorr(model), function(v) as.list(sqrt(diag(v)))))
of <- function(name) {
  fixed <- paste("~ gender +", sub("^apart$", "shown", name), "+", random[[name]])
  mixed <- clmm(as.formula(paste("category", fixed)), data = d)
  linear <- lmer(as.formula(paste("score", fixed)), data = d)
  ordinal <- coef(summary(mixed))[term[[name]], ]
  numbers <- coef(summary(linear))[term[[name]], ]
  list(
    clmm = list(estimate = ordinal[["Estimate"]], std_error = ordinal[["Std. Error"]],
                loglik = as.numeric(logLik(mixed)), sd = as.list(sds(mixed))),
    lmer = list(estimate = numbers[["Estimate"]], std_error = numbers[["Std. Error"]],
                df = numbers[["df"]], p = numbers[["Pr(>|t|)"]],
                loglik = as.numeric(logLik(linear)), sd = as.list(sds(linear)))
  )
}
made <- lapply(setNames(names(random), names(random)), of)
made$versions <- lapply(c(R = "base", ordinal = "ordinal", lme4 = "lme4", lmerTest = "lmerTest"),
                        function(p) as.character(packageVersion(p)))
writeLines(toJSON(made, auto_unbox = TRUE, digits = I(12), pretty = 1),
           file.path(folder, "covariates.json"))
